import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Challenge } from '../../proxy/core/challenges.ts'
import type { RouteTable } from '../../proxy/core/route-table.ts'
import { linkServer, type LinkServer } from '../../proxy/link-server.ts'
import type { EdgeRole } from '../../proxy/link.ts'
import { edgeLink } from '../../src/adapters/edge-link.ts'
import { systemTimers } from '../../src/adapters/system.ts'
import { until } from '../support/wait.ts'

const TABLE: RouteTable = {
  version: 1,
  instance: 'test',
  domains: ['cloud.local'],
  internalDomain: 'internal',
  pool: '10.208.0.0/12',
  tenants: [],
  members: [],
}
const PATIENCE_MS = 10_000

/** Edge processes that outlive control planes, one after the other, as many as a test wants. */
function world() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-edge-link-'))
  const served = new Map<EdgeRole, RouteTable[]>()
  const shown = new Map<EdgeRole, readonly Challenge[]>()
  /** Who was asked what it has counted, and since when. */
  const asked: string[] = []
  const ends: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })]

  async function serve(role: EdgeRole): Promise<LinkServer> {
    const tables: RouteTable[] = []
    served.set(role, tables)
    const server = linkServer({
      role,
      pid: process.pid,
      log: () => undefined,
      takeTable: (table) => void tables.push(table),
      takeHealth: () => undefined,
      takeTls: () => undefined,
      takeChallenges: (challenges) => void shown.set(role, challenges),
      drain: () => undefined,
      cut: () => undefined,
      reports: () => [],
      tunnels: () => [],
      measures(since) {
        asked.push(`${role} ${since}`)
        return { role, epoch: 'test', seq: asked.length, process: {}, series: [] }
      },
    })
    await server.listen(join(folder, `${role}.sock`))
    ends.unshift(() => server.close())
    return server
  }

  /** A life of the control plane; one that ends leaves the edge as it is. */
  function controlPlane(workers = 0) {
    const link = edgeLink({ folder, workers, timers: systemTimers, log: () => undefined })
    ends.unshift(() => link.close())
    return link
  }
  const tenants = (role: EdgeRole) => served.get(role)?.at(-1)?.tenants
  return {
    serve,
    controlPlane,
    tenants,
    shown,
    asked,
    [Symbol.dispose]: () => ends.forEach((end) => end()),
  }
}

const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

test('a control plane whose clock has gone back is served all the same', async () => {
  using here = world()
  await here.serve('dns')
  const first = here.controlPlane()
  await until('the edge is up', first.isUp)
  await first.acknowledged(first.publish({ ...TABLE, version: 2000, tenants: ['old'] }), patience())
  first.close()

  const second = here.controlPlane()
  const early = second.publish({ ...TABLE, version: 1000, tenants: ['early'] })
  await second.acknowledged(early, patience())
  assert.deepEqual(here.tenants('dns'), ['early'])

  const later = second.publish({ ...TABLE, version: early + 1, tenants: ['later'] })
  assert.ok(later > 2000)
  await second.acknowledged(later, patience())
  assert.deepEqual(here.tenants('dns'), ['later'])
})

test('edge processes that have tables of different lives all come to the newest', async () => {
  using here = world()
  await here.serve('dns')
  const first = here.controlPlane()
  await until('the edge is up', first.isUp)
  await first.acknowledged(first.publish({ ...TABLE, version: 500 }), patience())
  first.close()
  await here.serve('ingress-0')
  const second = here.controlPlane(1)
  await until('both are up', second.isUp)
  await second.acknowledged(second.publish({ ...TABLE, version: 900 }), patience())
  second.close()

  const third = here.controlPlane(1)
  third.publish({ ...TABLE, version: 700, tenants: ['third'] })
  await until('both are up', third.isUp)
  const version = third.publish({ ...TABLE, version: 701, tenants: ['now'] })
  await third.acknowledged(version, patience())
  assert.deepEqual([here.tenants('dns'), here.tenants('ingress-0')], [['now'], ['now']])
})

test('an edge process that comes back with our own table is not given a new version', async () => {
  using here = world()
  await here.serve('dns')
  const link = here.controlPlane()
  await until('the edge is up', link.isUp)
  const version = link.publish({ ...TABLE, version: 7 })
  await link.acknowledged(version, patience())
  assert.equal(version, 7)
  assert.equal(link.publish({ ...TABLE, version: 8 }), 8)
})

test('challenges are shown by every worker, also by one that comes up later, until they are taken back', async () => {
  using here = world()
  await here.serve('dns')
  await here.serve('ingress-0')
  const link = here.controlPlane(2)
  const token = { kind: 'http-01', host: 'a.test', token: 't', answer: 'a', untilMs: 1 } as const
  await link.challenge([token], patience())
  await until('the worker shows it', () => here.shown.has('ingress-0'))
  assert.deepEqual(here.shown.get('ingress-0'), [token])
  assert.equal(here.shown.has('dns'), false)

  await here.serve('ingress-1')
  await until('the other shows it too', () => here.shown.get('ingress-1')?.length === 1)
  await link.challenge([], patience())
  assert.deepEqual([here.shown.get('ingress-0'), here.shown.get('ingress-1')], [[], []])
})

test('each process is asked for what it has counted since it was asked last; a new one for all', async () => {
  using here = world()
  const dns = await here.serve('dns')
  const link = here.controlPlane(1)
  const heard: string[] = []
  link.onMeasures(({ role, seq }) => heard.push(`${role} ${seq}`))
  await link.measure(patience())
  assert.deepEqual(heard, [], 'nobody is there yet, and nobody is waited for')
  await here.serve('ingress-0')
  await until('both are up', link.isUp)
  await link.measure(patience())
  assert.deepEqual(here.asked.toSorted(), ['dns 0', 'ingress-0 0'])
  assert.equal(heard.length, 2)
  here.asked.length = 0
  await link.measure(patience())
  assert.deepEqual(
    here.asked.map((one) => one.endsWith(' 0')),
    [false, false],
  )
  dns.close()
  await until('it is missed', () => !link.isUp())
  await here.serve('dns')
  await until('it is back', link.isUp)
  here.asked.length = 0
  await link.measure(patience())
  assert.ok(here.asked.includes('dns 0'))
})

test('a process that says nothing is not waited for beyond the time', async () => {
  using here = world()
  await here.serve('dns')
  const link = here.controlPlane()
  await until('the edge is up', link.isUp)
  const [given, over] = [new AbortController(), link.measure(AbortSignal.abort())]
  await over
  given.abort()
  await link.measure(given.signal)
  assert.deepEqual(here.asked, [])
})
