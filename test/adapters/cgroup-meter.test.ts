import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { cgroupMeter } from '../../src/adapters/cgroup-meter.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)
const MIB = 1024 * 1024

function tree(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'cloudlet-cgroup-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) }
}

const read = (root: string) => cgroupMeter(root).read([A, B], AbortSignal.timeout(5000))

test('cgroupMeter() reads version 1, whichever group the engine has put a container in', async () => {
  using at = tree({
    [`memory/tenant/${A}/memory.usage_in_bytes`]: `${50 * MIB}\n`,
    [`memory/tenant/${A}/memory.stat`]: `cache 1\ntotal_inactive_file ${8 * MIB}\n`,
    [`cpuacct/tenant/${A}/cpuacct.usage`]: '123456789\n',
    [`pids/tenant/${A}/pids.current`]: '7\n',
    // It has ended while one looks: its files are gone but for some.
    [`memory/docker/${B}/memory.usage_in_bytes`]: '1\n',
  })
  const expected = { cpuNanos: 123_456_789, memoryBytes: 42 * MIB, pids: 7 }
  assert.deepEqual(await read(at.root), new Map([[A, expected]]))
  const memory = await cgroupMeter(at.root).memory([A, B], AbortSignal.timeout(5000))
  assert.deepEqual(memory, new Map([[A, 42 * MIB]]))
})

test('cgroupMeter() reads version 2, also where systemd makes the groups', async () => {
  const group = `system.slice/docker-${A}.scope`
  using at = tree({
    'cgroup.controllers': 'cpu memory pids\n',
    [`${group}/cpu.stat`]: 'usage_usec 2500\nuser_usec 1\n',
    [`${group}/memory.current`]: '4096\n',
    [`${group}/memory.stat`]: 'anon 1\ninactive_file 9999\n',
    [`${group}/pids.current`]: '2\n',
    [`docker/${B}/cpu.stat`]: 'usage_usec 1\n',
    [`docker/${B}/memory.current`]: '10\n',
    [`docker/${B}/memory.stat`]: 'inactive_file 4\n',
    [`docker/${B}/pids.current`]: '1\n',
  })
  const found = await read(at.root)
  assert.deepEqual(found.get(A), { cpuNanos: 2_500_000, memoryBytes: 0, pids: 2 })
  const memory = await cgroupMeter(at.root).memory([A, B], AbortSignal.timeout(5000))
  assert.deepEqual([memory.get(A), memory.get(B)], [0, 6])
  assert.deepEqual(found.get(B), { cpuNanos: 1000, memoryBytes: 6, pids: 1 })
})

test('cgroupMeter() finds nothing where there is nothing', async () => {
  using at = tree({ 'memory/x/memory.stat': '' })
  assert.deepEqual(await read(at.root), new Map())
})
