import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupFiles, type CgroupVersion } from '../../src/adapters/cgroup-files.ts'
import type { GroupLimits } from '../../src/ports/tenant-groups.ts'

const NONE = { cpuMilli: null, memoryBytes: null, pids: null }
const SOME = { cpuMilli: 1500, memoryBytes: 8192, pids: 40 }

async function written(version: CgroupVersion, limits: GroupLimits, now: Record<string, string>) {
  const files = await cgroupFiles(version, 'g', {
    limits,
    now: (file) => Promise.resolve(now[file.replace(/.*\//, '')] ?? ''),
  })
  return files.map(({ file, text }) => `${file}=${text}`)
}

const memory = async (bytes: number | null, now: string): Promise<string[]> => {
  const files = await written(1, { ...NONE, memoryBytes: bytes }, { 'memory.limit_in_bytes': now })
  return files.filter((file) => /limit_in_bytes/.test(file))
}
const limit = (bytes: number): string => `memory/g/memory.limit_in_bytes=${bytes}`
const both = (bytes: number): string => `memory/g/memory.memsw.limit_in_bytes=${bytes}`

test('cgroupFiles() raises memory and swap together before the memory alone, and lowers it after', async () => {
  assert.deepEqual(await memory(8192, '4096'), [both(8192), limit(8192)])
  assert.deepEqual(await memory(4096, '8192'), [limit(4096), both(4096)])
  assert.deepEqual(await memory(null, '8192'), [both(-1), limit(-1)])
})

test('cgroupFiles() writes of version 1 what differs, and nothing twice', async () => {
  const now = {
    'memory.use_hierarchy': '1',
    'memory.limit_in_bytes': '8192',
    'memory.memsw.limit_in_bytes': '8192',
    'cpu.cfs_period_us': '100000',
    'cpu.cfs_quota_us': '-1',
    'pids.max': 'max',
  }
  assert.deepEqual(await written(1, SOME, now), [
    'cpu/g/cpu.cfs_quota_us=150000',
    'pids/g/pids.max=40',
  ])
  const so = { ...now, 'cpu.cfs_quota_us': '150000', 'pids.max': '40' }
  assert.deepEqual(await written(1, SOME, so), [])
})

test('cgroupFiles() of version 2 limits swap along with memory', async () => {
  assert.deepEqual(await written(2, SOME, {}), [
    'g/memory.max=8192',
    'g/memory.swap.max=0',
    'g/cpu.max=150000 100000',
    'g/pids.max=40',
  ])
  assert.deepEqual(await written(2, NONE, {}), [
    'g/memory.max=max',
    'g/memory.swap.max=max',
    'g/cpu.max=max 100000',
    'g/pids.max=max',
  ])
})

test('cgroupFiles() asks for no quota that the kernel would refuse', async () => {
  const files = await written(2, { ...NONE, cpuMilli: 0 }, {})
  assert.ok(files.includes('g/cpu.max=1000 100000'))
})
