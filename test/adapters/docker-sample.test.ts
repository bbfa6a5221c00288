import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleOf } from '../../src/adapters/docker-sample.ts'

const REST = {
  cpu_stats: { cpu_usage: { total_usage: 1500 } },
  pids_stats: { current: 3 },
  networks: { eth0: { rx_bytes: 10, tx_bytes: 1 }, eth1: { rx_bytes: 5, tx_bytes: 2 } },
}
const EXPECTED = {
  cpuNanos: 1500,
  memoryBytes: 60,
  memoryLimitBytes: 200,
  pids: 3,
  receivedBytes: 15,
  sentBytes: 3,
  readBytes: 7,
  writtenBytes: 11,
}

test('sampleOf() reads what engines say with either version of cgroups', () => {
  const first = {
    ...REST,
    memory_stats: { usage: 100, limit: 200, stats: { inactive_file: 1, total_inactive_file: 40 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 3 },
        { op: 'Read', value: 4 },
        { op: 'Write', value: 11 },
        { op: 'Total', value: 18 },
      ],
    },
  }
  const second = {
    ...REST,
    memory_stats: { usage: 100, limit: 200, stats: { inactive_file: 40 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'read', value: 7 },
        { op: 'write', value: 11 },
      ],
    },
  }
  assert.deepEqual([sampleOf(first), sampleOf(second)], [EXPECTED, EXPECTED])
})

test('sampleOf() answers undefined for a container that does not run', () => {
  const stopped = { ...REST, memory_stats: {}, blkio_stats: { io_service_bytes_recursive: null } }
  assert.equal(sampleOf(stopped), undefined)
})
