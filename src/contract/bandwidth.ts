import { z } from 'zod'
import { LEAST_BITS, MOST_BITS } from '../core/bandwidth.ts'

const Bits = z.int().min(LEAST_BITS).max(MOST_BITS)

export const BandwidthLimits = z
  .strictObject({
    ingress: Bits.optional().describe('What it receives; default: no limit'),
    egress: Bits.optional().describe('What it sends; default: no limit'),
  })
  .describe('Bits a second, over all of its networks; what it receives, in each of them')
