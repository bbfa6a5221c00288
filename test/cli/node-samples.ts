import type { Node } from '../../src/contract/nodes.ts'
import type { Operation } from '../../src/contract/operations.ts'
import type { Scheduling } from '../../src/core/scheduling.ts'

export const node: Node = {
  name: 'local',
  state: 'ready',
  scheduling: 'open',
  scheduledAt: null,
  kernel: '6.1.0',
  engine: {
    version: '29.5.1',
    apiVersion: '1.54',
    runcVersion: '1.3.3',
    storageDriver: 'overlay2',
    cgroupDriver: 'systemd',
    cgroupVersion: '2',
    runtimes: ['runc', 'runsc'],
    sandbox: true,
    liveRestore: true,
  },
  cpus: 2,
  memoryBytes: 8 * 1024 ** 3,
  disks: [{ path: '/data', sizeBytes: 1000, freeBytes: 40, usedPercent: 96, full: true }],
  running: 3,
  reserved: { containers: 4, cpuMilli: 1500, memoryBytes: 1024 ** 3, pids: 512 },
  used: null,
}

export const scheduled = (operation: Operation, scheduling: Scheduling) => ({
  value: {
    operation,
    resource: {
      name: 'local',
      scheduling,
      scheduledAt: operation.createdAt,
      notice: scheduling === 'drained' ? 'Nothing runs' : null,
    },
  },
})
