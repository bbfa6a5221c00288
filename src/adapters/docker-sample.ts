import type { EngineSample } from '../ports/engine.ts'
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './docker-answers.ts'
import type { Calls } from './docker-calls.ts'
import { containerPath } from './docker-containers.ts'

const GONE = 404
/** The engine may wait for another reader of the same container, but never for long. */
const SAMPLE_MS = 10_000

/** One look, without the second that the engine would wait for a second one. */
export async function dockerSample(
  calls: Calls,
  name: string,
  signal: AbortSignal,
): Promise<EngineSample | undefined> {
  const { status, value } = await calls.ask({
    action: `read what container "${name}" uses`,
    method: 'GET',
    path: `${containerPath(name)}/stats`,
    query: { stream: 'false', 'one-shot': 'true' },
    fine: [GONE],
    timeoutMs: SAMPLE_MS,
    signal,
  })
  return status === GONE ? undefined : sampleOf(fieldsOf(value))
}

/** Of a container that does not run the engine answers the same shape with nothing in it. */
export function sampleOf(stats: Fields): EngineSample | undefined {
  const memory = fieldsOf(stats['memory_stats'])
  if (memory['usage'] === undefined) return undefined
  const detail = fieldsOf(memory['stats'])
  // Version 1 of cgroups counts the groups below under a name of its own.
  const cached = numberOf(detail['total_inactive_file'] ?? detail['inactive_file'])
  const networks = Object.values(fieldsOf(stats['networks'])).map(fieldsOf)
  const sum = (field: string): number =>
    networks.reduce((total, one) => total + numberOf(one[field]), 0)
  const blocks = listOf(fieldsOf(stats['blkio_stats'])['io_service_bytes_recursive']).map(fieldsOf)
  return {
    cpuNanos: numberOf(fieldsOf(fieldsOf(stats['cpu_stats'])['cpu_usage'])['total_usage']),
    memoryBytes: Math.max(0, numberOf(memory['usage']) - cached),
    memoryLimitBytes: numberOf(memory['limit']),
    pids: numberOf(fieldsOf(stats['pids_stats'])['current']),
    receivedBytes: sum('rx_bytes'),
    sentBytes: sum('tx_bytes'),
    readBytes: bytesOf(blocks, 'read'),
    writtenBytes: bytesOf(blocks, 'write'),
  }
}

/** `Read` with version 1 of cgroups, `read` with version 2; one entry a disk. */
const bytesOf = (blocks: readonly Fields[], kind: string): number =>
  blocks
    .filter((block) => textOf(block['op']).toLowerCase() === kind)
    .reduce((total, block) => total + numberOf(block['value']), 0)
