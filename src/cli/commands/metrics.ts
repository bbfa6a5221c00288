import { containerMetrics } from '../../contract/metrics.ts'
import type { Work } from '../command.ts'
import { fields } from '../table.ts'
import { bitsText, sizeText } from '../units.ts'

export const metrics: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const [container = ''] = given.positionals
  const found = await api.call(containerMetrics, { params: { tenant, container } })
  const { cpuPercent, cpuSeconds, memoryBytes, memoryLimitBytes } = found
  return context.show(found, () =>
    fields([
      ['Time', found.time],
      ['CPU', `${cpuPercent === null ? '-' : `${cpuPercent} %`} (${cpuSeconds.toFixed(2)} s)`],
      ['Memory', `${sizeText(memoryBytes)} of ${sizeText(memoryLimitBytes)}`],
      ['Pids', String(found.pids)],
      ['Received', sizeText(found.receivedBytes) + limitText(found.receivedBitsLimit)],
      ['Sent', sizeText(found.sentBytes) + limitText(found.sentBitsLimit)],
      ['Read', sizeText(found.readBytes)],
      ['Written', sizeText(found.writtenBytes)],
    ]),
  )
}

const limitText = (bits: number | null): string =>
  bits === null ? '' : `, at most ${bitsText(bits)} a second`
