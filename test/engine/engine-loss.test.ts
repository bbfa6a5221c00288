import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ApiError } from '../../src/client/api-error.ts'
import { createContainer, listContainers } from '../../src/contract/containers.ts'
import { INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { liveEngine, ownEngine, type OwnEngine } from '../support/own-engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * The engine goes while tenants ask for things, in order and by SIGKILL: without live-restore, where everything that
 * runs goes with it, and with it, where everything runs on.
 */

const AWAY_MS = Number(process.env['CLOUDLET_TEST_AWAY_MS'] ?? 3_000)
/** As promised. */
const CONVERGED_MS = 30_000
const BETWEEN_MS = 150
const params = { tenant: 'acme' }
const spec = { image: BASE, command: ['sleep', '600'], restart: 'always' as const }

let engine: OwnEngine
let platform: Platform
let acme: Tenant

const names = async (): Promise<string[]> =>
  (await acme.api.call(listContainers, { params })).items.map(({ name }) => name)

/** Asks for new containers until told to end; each is accepted, or refused in the one way it may be. */
async function asking(prefix: string, signal: AbortSignal): Promise<string[]> {
  const accepted: string[] = []
  for (let i = 0; !signal.aborted; i++) {
    const body = { name: `${prefix}-${i}`, ...spec, command: [...spec.command] }
    try {
      if (accepted.length < 4) {
        await acme.api.call(createContainer, { params, body })
        accepted.push(body.name)
      }
    } catch (error) {
      assert.ok(error instanceof ApiError)
      assert.deepEqual([error.status, error.code], [503, 'engine-unavailable'])
    }
    // A read is answered throughout.
    await names()
    await pause(BETWEEN_MS)
  }
  return accepted
}

/** Whether each container that is to run does, once. */
async function converged(): Promise<boolean> {
  const { items } = await acme.api.call(listContainers, { params })
  const filters = { label: [`${INSTANCE_LABEL}=${platform.instance}`] }
  const objects = await engine.docker.listContainers({ all: true, filters })
  const isWhole = objects.length === items.length
  return isWhole && objects.every(({ State }) => State === 'running')
}

/** By container, when its process was started. */
async function starts(): Promise<ReadonlyMap<string, string>> {
  const { items } = await acme.api.call(listContainers, { params })
  return new Map(items.map(({ name, startedAt }) => [name, String(startedAt)]))
}

const ENGINES = { 'without live-restore': ownEngine, 'with live-restore': liveEngine } as const

for (const [kind, begin] of Object.entries(ENGINES)) {
  describe(kind, () => {
    before(async () => {
      engine = await begin()
      platform = await startPlatform({ CLOUDLET_ENGINE: engine.socket, CLOUDLET_DEMO: '0' })
      acme = await newTenant(platform, 'acme')
      await acme.run({ name: 'first', ...spec, command: [...spec.command] })
    })

    after(async () => {
      await platform?.remove()
      await engine?.remove()
    })

    for (const way of ['stop', 'kill'] as const) {
      const title = `an engine ${kind} that ends by "${way}" under load`
      test(`${title}: reads answer, changes are 503, all converges`, () => lose(way, kind))
    }
  })
}

async function lose(way: 'kill' | 'stop', kind: string): Promise<void> {
  const over = new AbortController()
  const load = asking(way, over.signal)
  await until('something was accepted', async () =>
    (await names()).some((name) => name.startsWith(way)),
  )
  const started = await starts()
  await engine[way]()
  await pause(AWAY_MS)
  await engine.start()
  const backMs = performance.now()
  await until('all runs again', () => converged().catch(() => false), CONVERGED_MS)
  const tookMs = Math.round(performance.now() - backMs)
  console.log(`# ${kind}, "${way}": all ran ${tookMs} ms after the engine was back`)
  over.abort()
  const accepted = await load
  const there = await names()
  assert.ok(accepted.every((name) => there.includes(name)))
  await until('what was accepted last runs, too', converged, CONVERGED_MS)
  const isSame = (await starts()).get('first') === started.get('first')
  assert.equal(isSame, kind === 'with live-restore', 'whether it ran on')
}
