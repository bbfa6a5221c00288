import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnosis, isSick, type DoctorFacts } from '../../src/core/doctor.ts'
import { lacksOf } from '../../src/core/engine-lacks.ts'
import { holesOf, isDistributionBuild } from '../../src/core/engine-holes.ts'

const GIB = 1024 ** 3

/** A host of which nothing can be said. */
const WELL = {
  engine: {
    product: 'docker',
    version: '29.5.1',
    apiVersion: '1.54',
    oldestApiVersion: '1.40',
    runcVersion: '1.5.2',
    liveRestore: true,
    cgroupDriver: 'systemd',
    cgroupVersion: '2',
    walls: ['apparmor', 'seccomp', 'userns'],
    sandbox: true,
    rootDir: '/var/lib/docker',
    clockSkewMs: 40,
  },
  host: {
    kernel: { overlay: true, bridgeNetfilter: true, nfTables: true, loop: true },
    forwards: true,
    bridgeCalls: true,
    clockKeepers: ['chronyd'],
    daemons: [{ rootDir: '/var/lib/docker', userlandProxy: false }],
    ports: [],
    migratesListeners: true,
    inodes: [{ path: '/data', usedPercent: 10 }],
    clockDriftMs: -12,
    nameServers: ['192.0.2.53'],
    responderAnswers: true,
    keysMode: 0o600,
  },
  disks: [{ path: '/data', sizeBytes: 100 * GIB, freeBytes: 50 * GIB }],
  diskHighWaterPercent: 90,
  platform: {
    isolated: true,
    enforced: true,
    edgeUp: true,
    edgeConfined: true,
    databaseTrouble: null,
    safeMode: null,
    backup: { kind: 'file', ageHours: 5, everyHours: 24 },
  },
} as const satisfies DoctorFacts

/** What is not well, as `check result`. */
const complaints = (facts: DoctorFacts): string[] =>
  diagnosis(facts)
    .filter(({ result }) => result !== 'ok')
    .map(({ check, result }) => `${check} ${result}`)

test('diagnosis() of a well host is ok throughout, with nothing to do', () => {
  const findings = diagnosis(WELL)
  assert.deepEqual(complaints(WELL), [])
  assert.ok(findings.every(({ todo }) => todo === null))
  assert.equal(isSick(findings), false)
})

test('diagnosis() names each check once', () => {
  const checks = diagnosis(WELL).map(({ check }) => check)
  assert.deepEqual([...new Set(checks)], checks)
})

test('diagnosis() says of an engine that is away that it is away, and looks at the rest', () => {
  assert.deepEqual(complaints({ ...WELL, engine: null }), ['engine problem'])
})

test('diagnosis() calls an old engine a problem, and an old one of a distribution a warning', () => {
  const old = { ...WELL.engine, version: '20.10.24', runcVersion: '1.1.5' }
  assert.deepEqual(complaints({ ...WELL, engine: old }), [
    'engine.holes problem',
    'runc.holes problem',
    'engine.direct-access warning',
  ])
  const debian = { ...old, version: '20.10.24+dfsg1', runcVersion: '1.1.5+ds1' }
  const facts = { ...WELL, engine: debian }
  assert.deepEqual(complaints(facts), [
    'engine.holes warning',
    'runc.holes warning',
    'engine.direct-access warning',
  ])
  const found = diagnosis(facts).find(({ check }) => check === 'runc.holes')
  assert.match(found?.meaning ?? '', /CVE-2024-21626 \(/)
  assert.match(found?.meaning ?? '', /CVE-2025-31133, CVE-2025-52565, CVE-2025-52881 \(/)
  assert.match(found?.todo ?? '', /changelog of runc/)
})

test('diagnosis() does not guess where a version or a kernel says nothing', () => {
  const engine = { ...WELL.engine, runcVersion: '' }
  const kernel = { ...WELL.host.kernel, loop: null }
  assert.deepEqual(complaints({ ...WELL, engine, host: { ...WELL.host, kernel } }), [
    'runc.holes warning',
    'kernel.loop warning',
  ])
})

test('diagnosis() finds what holds containers less than it could', () => {
  const engine = { ...WELL.engine, walls: [], sandbox: false, liveRestore: false }
  assert.deepEqual(complaints({ ...WELL, engine }), [
    'engine.live-restore warning',
    'engine.seccomp problem',
    'engine.access-control warning',
    'engine.users warning',
    'engine.sandbox warning',
  ])
})

test('diagnosis() finds what is wrong with the host', () => {
  const host = {
    kernel: { overlay: false, bridgeNetfilter: true, nfTables: true, loop: true },
    forwards: false,
    bridgeCalls: false,
    clockKeepers: [],
    daemons: [],
    ports: [],
    migratesListeners: false,
    inodes: [{ path: '/data', usedPercent: 91 }],
    clockDriftMs: 31_000,
    nameServers: [],
    responderAnswers: false,
    keysMode: 0o640,
  }
  const disks = [{ path: '/data', sizeBytes: 100 * GIB, freeBytes: 9 * GIB }]
  assert.deepEqual(complaints({ ...WELL, host, disks }), [
    'engine.userland-proxy warning',
    'kernel.overlay warning',
    'kernel.ip-forward problem',
    'kernel.bridge-nf-call-iptables warning',
    'kernel.tcp-migrate-req warning',
    'disk /data problem',
    'inodes /data problem',
    'clock warning',
    'clock.keeper warning',
    'dns.responder problem',
    'dns.host problem',
    'keys problem',
  ])
})

test('diagnosis() finds what is wrong with the platform', () => {
  const platform = {
    isolated: false,
    enforced: false,
    edgeUp: false,
    edgeConfined: false,
    databaseTrouble: 'full',
    safeMode: null,
    backup: { kind: 'file', ageHours: 49, everyHours: 24 },
  } as const
  assert.deepEqual(complaints({ ...WELL, platform }), [
    'isolation warning',
    'quotas warning',
    'edge problem',
    'edge.confinement warning',
    'database problem',
    'database.backup warning',
  ])
})

const withBackup = (backup: DoctorFacts['platform']['backup']): string[] =>
  complaints({ ...WELL, platform: { ...WELL.platform, backup } })

test('diagnosis() wants a backup, but not from who makes them by hand or on a server', () => {
  assert.deepEqual(withBackup({ kind: 'server' }), [])
  assert.deepEqual(withBackup({ kind: 'file', ageHours: 999, everyHours: 0 }), [])
  assert.deepEqual(withBackup({ kind: 'file', ageHours: null, everyHours: 0 }), [
    'database.backup warning',
  ])
})

const ids = (version: string) => holesOf('runc', version)?.map(({ id }) => id)

test('holesOf() takes a line that was mended, and every line after the last', () => {
  assert.equal(ids('1.1.11')?.length, 5)
  assert.equal(ids('1.1.12')?.length, 4)
  const link = 'CVE-2026-41579'
  assert.deepEqual(ids('1.2.7'), ['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881', link])
  assert.deepEqual([ids('1.2.8'), ids('1.3.3'), ids('v1.4.0')], [[link], [link], [link]])
  assert.deepEqual([ids('1.3.6'), ids('1.4.3'), ids('1.5.0'), ids('1.6.1')], [[], [], [], []])
  assert.equal(ids('1.3.2')?.length, 4)
  assert.equal(ids('of a branch'), undefined)
})

test('holesOf() leaves out a hole that was opened later', () => {
  const versions = ['20.10.24', '28.1.9', '28.2.0', '28.3.2', '28.3.3', '29.0.0']
  const open = versions.filter((version) =>
    holesOf('engine', version)?.some(({ id }) => id === 'CVE-2025-54388'),
  )
  assert.deepEqual(open, ['28.2.0', '28.3.2'])
})

test('diagnosis() says which API is spoken with the engine', () => {
  const [found] = diagnosis(WELL)
  assert.equal(
    found?.meaning,
    'The engine 29.5.1 answers with API 1.54; Cloudlet speaks 1.54 with it',
  )
})

test('diagnosis() calls an engine with which nothing can be spoken a problem', () => {
  const engine = { ...WELL.engine, apiVersion: '1.40', oldestApiVersion: '1.12' }
  const [found] = diagnosis({ ...WELL, engine })
  assert.deepEqual(found, {
    check: 'engine',
    result: 'problem',
    meaning:
      'The engine 29.5.1 cannot be used: it speaks API 1.40 at most, and Cloudlet needs 1.41',
    todo: 'Update the engine to Docker 20.10 or later',
  })
})

test('diagnosis() knows Podman, and does not take its number for that of an engine', () => {
  const engine = { ...WELL.engine, product: 'podman', version: '4.3.1' } as const
  assert.deepEqual(complaints({ ...WELL, engine }), ['engine problem'])
  const [found] = diagnosis({ ...WELL, engine })
  assert.match(found?.meaning ?? '', /^Podman 4\.3\.1 answers/)
})

const lacks = (version: string, cgroupVersion = '2') =>
  lacksOf({ version, cgroupVersion }).map(({ id }) => id)

test('lacksOf() tells what each version of the engine does less well', () => {
  assert.deepEqual(lacks('20.10.24+dfsg1', '1'), ['direct-access'])
  assert.deepEqual(lacks('25.0.0'), ['direct-access', 'mac'])
  assert.deepEqual(lacks('28.5.2', '1'), ['mac'])
  assert.deepEqual(lacks('29.2.9', '1'), ['mac', 'cgroup-v1'])
  assert.deepEqual(lacks('29.3.0', '1'), ['cgroup-v1'])
  assert.deepEqual(lacks('29.3.0'), [])
  assert.deepEqual(lacks('of a branch', '1'), [])
})

test('isDistributionBuild() knows numbers under which distributions mend', () => {
  const versions = ['20.10.24+dfsg1', '1.1.5+ds1', '1.1.12-0ubuntu3', '28.2.2', '1.3.3']
  assert.deepEqual(versions.map(isDistributionBuild), [true, true, true, false, false])
})

test('diagnosis() names safe mode, and how to leave it', () => {
  const safeMode = { reason: 'restored', since: null }
  assert.deepEqual(complaints({ ...WELL, platform: { ...WELL.platform, safeMode } }), [
    'safe-mode warning',
  ])
})
