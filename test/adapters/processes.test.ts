import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seenProcesses } from '../../src/adapters/processes.ts'

test('seenProcesses() finds engines with their settings, and who keeps the clock', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-proc-'))
  const config = join(folder, 'daemon.json')
  writeFileSync(config, '{"userland-proxy": false}')
  for (const [pid, comm, cmdline] of [
    ['1', 'systemd', '/sbin/init'],
    ['20', 'dockerd', `dockerd\0--config-file=${config}\0--data-root=/a\0`],
    ['21', 'chronyd', 'chronyd\0'],
    ['22', 'chronyd', 'chronyd\0'],
    ['uptime', 'dockerd', 'dockerd\0'],
  ] as const) {
    mkdirSync(join(folder, pid))
    writeFileSync(join(folder, pid, 'comm'), `${comm}\n`)
    writeFileSync(join(folder, pid, 'cmdline'), cmdline)
  }
  // It has ended while one looks.
  mkdirSync(join(folder, '23'))
  try {
    assert.deepEqual(await seenProcesses(folder), {
      clockKeepers: ['chronyd'],
      daemons: [{ rootDir: '/a', userlandProxy: false }],
    })
    const nothing = await seenProcesses(join(folder, 'none'))
    assert.deepEqual(nothing, { clockKeepers: [], daemons: [] })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
