import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostGroups } from '../../src/adapters/host-groups.ts'
import { systemdGroups } from '../../src/adapters/systemd-groups.ts'
import { GroupError } from '../../src/ports/tenant-groups.ts'

/** A folder that looks like the kernel's, as far as an ordinary file system can. */
async function inFolder(work: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'cloudlet-groups-'))
  try {
    await work(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const LIMITS = { cpuMilli: 250, memoryBytes: 4096, pids: null }
const unreachable = () => Promise.reject(new Error('Failed to connect to bus'))
const cgroupfs = () => Promise.resolve('cgroupfs' as const)

test('hostGroups() is null where there is nothing to write', () => {
  assert.equal(hostGroups(cgroupfs, '/nowhere'), null)
})

test('a group of cgroup version 2 is a folder, for which the root hands the controllers down', async () => {
  await inFolder(async (root) => {
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu io memory pids\n')
    writeFileSync(join(root, 'cgroup.subtree_control'), 'memory io\n')
    mkdirSync(join(root, 'clabcd12345678'))
    // An engine that was killed leaves a container's group that nobody is in.
    mkdirSync(join(root, 'clother/0123456789ab'), { recursive: true })
    for (const file of ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max']) {
      writeFileSync(join(root, 'clabcd12345678', file), '')
    }
    const groups = hostGroups(cgroupfs, root)
    assert.ok(groups)
    assert.equal(await groups.ensure('clabcd12345678', LIMITS), '/clabcd12345678')
    const said = (file: string): string => readFileSync(join(root, file), 'utf8')
    assert.equal(said('cgroup.subtree_control'), '+cpu +pids')
    assert.equal(said('clabcd12345678/cpu.max'), '25000 100000')
    assert.deepEqual(await groups.list('clabcd'), ['clabcd12345678'])
    // On this file system the files stand for what is alive in it.
    await groups.remove('clabcd12345678')
    assert.ok(existsSync(join(root, 'clabcd12345678')))
    await groups.remove('clother')
    await groups.remove('clother')
    assert.equal(existsSync(join(root, 'clother')), false)
  })
})

test('a group of systemd is a slice, told once, and stopped only when nothing is in it', async () => {
  await inFolder(async (root) => {
    const asked: string[] = []
    const systemctl = (words: readonly string[]): Promise<string> => {
      asked.push(words.join(' '))
      mkdirSync(join(root, 'clabcd12345678.slice'), { recursive: true })
      return Promise.resolve('')
    }
    const groups = systemdGroups({ root, systemctl })
    for (let i = 0; i < 2; i++) {
      assert.equal(await groups.ensure('clabcd12345678', LIMITS), 'clabcd12345678.slice')
    }
    const slice = 'clabcd12345678.slice'
    const words = 'CPUQuota=25% MemoryMax=4096 MemorySwapMax=0 TasksMax=infinity'
    assert.deepEqual(asked.splice(0), [
      `set-property --runtime ${slice} ${words}`,
      `start ${slice}`,
    ])

    await groups.ensure('clabcd12345678', { ...LIMITS, cpuMilli: null })
    assert.match(asked.splice(0)[0] ?? '', /CPUQuota= MemoryMax/)
    assert.deepEqual(await groups.list('clabcd'), ['clabcd12345678'])

    mkdirSync(join(root, slice, 'docker-1.scope'))
    await groups.remove('clabcd12345678')
    assert.deepEqual(asked, [])
    rmSync(join(root, slice, 'docker-1.scope'), { recursive: true })
    await groups.remove('clabcd12345678')
    assert.deepEqual(asked, [`stop ${slice}`, `revert ${slice}`])
  })
})

test('what systemd refuses is told as such', async () => {
  await inFolder(async (root) => {
    const groups = systemdGroups({ root, systemctl: unreachable })
    await assert.rejects(groups.ensure('g', LIMITS), GroupError)
  })
})
