import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  bridgeCallsFinding,
  clockKeeperFinding,
  engineClockFinding,
  portFindings,
  userlandProxyFinding,
  type PortHolder,
} from '../../src/core/doctor-host.ts'
import { configFileOf, daemonOf } from '../../src/core/engine-daemon.ts'

const OURS: PortHolder = { pid: 7, command: 'node /opt/cloudlet/src/edge.ts', isOurs: true }
const NGINX: PortHolder = { pid: 812, command: 'nginx', isOurs: false }

const found = (holders: readonly PortHolder[], isUp: boolean) => {
  const at = { name: 'api', address: '127.0.0.1:7070', setting: 'CLOUDLET_API_ADDRESS' } as const
  const [one] = portFindings([{ ...at, holders }], isUp)
  return one
}

test('portFindings() names who is in the way, and what to set', () => {
  assert.equal(found([OURS], true)?.result, 'ok')
  assert.equal(found([], false)?.result, 'ok')
  assert.equal(found([], true)?.result, 'problem')
  for (const isUp of [true, false]) {
    const stranger = found([OURS, NGINX], isUp)
    assert.equal(stranger?.result, 'problem')
    assert.equal(stranger.meaning, '127.0.0.1:7070 is held by process 812 (nginx)')
    assert.match(stranger.todo ?? '', /set CLOUDLET_API_ADDRESS to another address$/)
  }
})

test('engineClockFinding() minds seconds, in either direction', () => {
  assert.equal(engineClockFinding(-2_000).result, 'ok')
  assert.match(engineClockFinding(90_400).meaning, /is 90 s ahead of ours/)
  assert.match(engineClockFinding(-3_000).meaning, /is 3 s behind ours/)
  assert.equal(engineClockFinding(null).result, 'warning')
})

test('what a host lacks is said with what to do about it', () => {
  assert.match(clockKeeperFinding([]).todo ?? '', /chrony/)
  assert.match(clockKeeperFinding(['chronyd']).meaning, /by chronyd$/)
  assert.equal(bridgeCallsFinding(true).result, 'ok')
  for (const calls of [false, null]) {
    assert.match(bridgeCallsFinding(calls).todo ?? '', /modprobe br_netfilter/)
  }
})

test('userlandProxyFinding() looks at the engine that is meant, and guesses nothing of another', () => {
  const daemons = [
    { rootDir: '/a', userlandProxy: true },
    { rootDir: '/b', userlandProxy: false },
  ]
  assert.deepEqual(
    ['/a', '/b', '/c'].map((root) => userlandProxyFinding(daemons, root).result),
    ['warning', 'ok', 'warning'],
  )
})

test('daemonOf() reads flags and settings as dockerd does', () => {
  for (const [argv, config, expected] of [
    ['', null, ['/var/lib/docker', true]],
    ['--userland-proxy=false', null, ['/var/lib/docker', false]],
    ['--userland-proxy=0 -g /x', null, ['/x', false]],
    ['--userland-proxy --data-root /y', null, ['/y', true]],
    ['--data-root=/z', '{"userland-proxy": false}', ['/z', false]],
    ['', '{"userland-proxy": true, "data-root": "/w"}', ['/w', true]],
    ['', 'no JSON', ['/var/lib/docker', true]],
    ['', '[]', ['/var/lib/docker', true]],
  ] as const) {
    const { rootDir, userlandProxy } = daemonOf(argv.split(' '), config)
    assert.deepEqual([rootDir, userlandProxy], expected, `${argv} ${config}`)
  }
  assert.equal(configFileOf(['--debug']), '/etc/docker/daemon.json')
  assert.equal(configFileOf(['--config-file', '/a.json']), '/a.json')
  assert.equal(configFileOf(['--config-file=/b.json']), '/b.json')
})

test('daemonOf() takes whatever words and text', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.option(fc.string()), (argv, config) => {
      assert.equal(typeof daemonOf(argv, config).rootDir, 'string')
    }),
  )
})
