import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { placesIn } from '../../src/instance.ts'
import { startPlatform, type Platform } from '../support/platform.ts'

/** What a process of the edge could do to the rest of the platform, if it were taken over: nothing. */

const compiled = mkdtempSync(join(tmpdir(), 'cloudlet-compiled-'))
let platform: Platform

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', NODE_COMPILE_CACHE: compiled })
})

after(async () => {
  await platform?.remove()
  rmSync(compiled, { recursive: true })
})

const edgePids = (): number[] => [...platform.pids('dns'), ...platform.pids('ingress')]

/** Of each thread: to the kernel every one of them has privileges of its own. */
const statusesOf = (pid: number): Readonly<Record<string, string>>[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => statusOf(`${pid}/task/${thread}`))

function statusOf(process: number | string): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${process}/status`, 'utf8').split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value = ''] = line.split(/:\s*/, 2)
      return [name, value] as const
    }),
  )
}

test('every edge process is a user of its own, without groups, capabilities or a way back', () => {
  const users = edgePids()
    .flatMap(statusesOf)
    .map((status) => {
      const [real, effective, saved, files] = (status['Uid'] ?? '').split('\t').map(Number)
      assert.ok(real !== undefined && real > 1_000_000_000, `uid ${real}`)
      assert.deepEqual([effective, saved, files], [real, real, real])
      assert.deepEqual((status['Gid'] ?? '').split('\t').map(Number), [real, real, real, real])
      assert.equal(status['Groups']?.trim(), '')
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
        assert.equal(status[set], '0000000000000000', set)
      }
      assert.equal(status['NoNewPrivs'], '1')
      return real
    })
  assert.ok(users.length > 2)
  assert.equal(new Set(users).size, 1)
})

/** Runs a program as the edge's user, with no more than an edge process has; answers its exit code. */
function asEdge(...command: string[]): { code: number | null; said: string } {
  const uid = (statusOf(platform.pid('dns'))['Uid'] ?? '').split('\t')[0] ?? ''
  const walls = ['--reuid', uid, '--regid', uid, '--clear-groups', '--no-new-privs']
  const { status, stdout, stderr } = spawnSync('setpriv', [...walls, ...command], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: status, said: stdout + stderr }
}

test('what an edge process has compiled is kept for the next, before it is a user who may write nothing', () => {
  const kept = readdirSync(compiled, { recursive: true, withFileTypes: true })
  const files = kept.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  // A class of the ingress alone; the other processes of the platform keep theirs as well.
  assert.ok(files.some((path) => readFileSync(path).includes('ClientConnection')))
})

test('database, keys and the first key are closed to the user of the edge', () => {
  const { database, keys, adminFile, instance, control } = placesIn(platform.dataDir)
  // The way to the data directory is open here, so that it is the platform's own walls that are tried.
  spawnSync('chmod', ['o+x', platform.dataDir.replace(/\/data$/, '')])
  for (const path of [database, keys, adminFile, instance]) {
    assert.equal(readFileSync(path).length > 0, true)
    const { code, said } = asEdge('cat', path)
    assert.notEqual(code, 0, path)
    assert.match(said, /Permission denied/, path)
  }
  for (const folder of [control, platform.dataDir]) {
    const { code, said } = asEdge('ls', folder)
    assert.notEqual(code, 0, folder)
    assert.match(said, /Permission denied/, folder)
  }
  assert.equal(asEdge('ls', placesIn(platform.dataDir).edge).code, 0)
})

test("the engine's socket is closed to the user of the edge", () => {
  const ask = ['curl', '-sS', '--unix-socket', '/var/run/docker.sock', 'http://engine/_ping']
  assert.equal(spawnSync(ask[0] ?? '', ask.slice(1)).status, 0)
  const { code, said } = asEdge(...ask)
  assert.notEqual(code, 0)
  assert.doesNotMatch(said, /OK/)
})

test('a process of the platform cannot be signalled or looked into by the user of the edge', () => {
  const pid = String(platform.pid('control-plane'))
  assert.notEqual(asEdge('kill', '-0', pid).code, 0)
  assert.notEqual(asEdge('cat', `/proc/${pid}/environ`).code, 0)
})
