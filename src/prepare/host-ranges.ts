import { z } from 'zod'
import { hostAddresses, hostRoutes } from '../adapters/host-routes.ts'
import { parseCidr, type Cidr } from '../core/cidr.ts'
import { engineAnswer } from './engine-answer.ts'

/** Ranges that a pool must not overlap: the host's routes and addresses, and all networks of the engine. */
export async function takenRanges(engineSocket: string): Promise<Cidr[]> {
  const routes = hostRoutes().map(({ range }) => range)
  return [...routes, ...hostAddresses(), ...(await engineSubnets(engineSocket))]
}

const Networks = z.array(
  z.object({
    IPAM: z
      .object({ Config: z.array(z.object({ Subnet: z.string().optional() })).nullish() })
      .nullish(),
  }),
)

/** An engine that is away has told us nothing; the network that would overlap is refused later, by name. */
async function engineSubnets(socketPath: string): Promise<Cidr[]> {
  const text = await engineAnswer(socketPath, '/networks').catch(() => '[]')
  const networks = Networks.parse(JSON.parse(text))
  return networks
    .flatMap(({ IPAM }) => IPAM?.Config ?? [])
    .flatMap(({ Subnet = '' }) => parseCidr(Subnet) ?? [])
}
