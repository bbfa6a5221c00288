import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { updateContainer } from '../../src/contract/container-change.ts'
import { restartContainer } from '../../src/contract/containers.ts'
import { containerMetrics } from '../../src/contract/metrics.ts'
import { funnelPrefix, type Bandwidth } from '../../src/core/bandwidth.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** What containers receive and send of each other, measured where it arrives. */

const PROGRAM = readFileSync(new URL('../fixtures/stream.ts', import.meta.url), 'utf8')
const CONTROL_PORT = 9000
const MEASURED_MS = 1500
const MBIT = 1e6
const [IN, OUT] = [20 * MBIT, 10 * MBIT]
/** As near as a bucket and TCP's own headers let it be. */
const TOLERANCE = 0.15
/** More than any limit here: what no limit holds. */
const UNLIMITED = 200 * MBIT
/** A full look every 5 s, with room. */
const MADE_ANEW_MS = 30_000
const TENANT = 'acme'

let platform: Platform
let acme: Tenant
const at: Record<string, string> = {}

async function started(name: string, bandwidth?: Bandwidth): Promise<void> {
  const shown = await acme.run({
    name,
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module-typescript', '-e', PROGRAM],
    healthCheck: { type: 'none' },
    cpuMilli: 1000,
    ...(bandwidth && { bandwidth }),
  })
  at[name] = shown.addresses[0]?.address ?? ''
}

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_LOOK_SECONDS: '5' })
  acme = await newTenant(platform, TENANT)
  await started('slow', { ingress: IN, egress: OUT })
  for (const name of ['one', 'two']) await started(name)
})

after(async () => {
  await platform?.remove()
})

/** Bits a second that one container gets of another. */
async function rate(to: string, from: string): Promise<number> {
  const socket = connect({ host: at[to] ?? '', port: CONTROL_PORT })
  socket.write(`${at[from]} ${MEASURED_MS}\n`)
  return Number(await text(socket))
}

const isNear = (found: number, wanted: number): boolean =>
  Math.abs(found - wanted) <= wanted * TOLERANCE

async function holds(to: string, from: string, wanted: number): Promise<void> {
  const found = await rate(to, from)
  assert.ok(isNear(found, wanted), `${to} gets ${found} bits a second of ${from}, not ${wanted}`)
}

const Links = z.array(z.object({ ifname: z.string() }))
function funnels(): string[] {
  const listed = execFileSync('ip', ['-j', 'link', 'show', 'type', 'ifb'], { encoding: 'utf8' })
  const names = Links.parse(JSON.parse(listed || '[]')).map(({ ifname }) => ifname)
  return names.filter((name) => name.startsWith(funnelPrefix(platform.instance)))
}

const change = (bandwidth: Bandwidth | null) =>
  acme.api.call(updateContainer, {
    params: { tenant: TENANT, container: 'slow' },
    body: { bandwidth },
  })

test('a container receives and sends no more than it may, and nobody else is held up', async () => {
  await holds('slow', 'one', IN)
  await holds('one', 'slow', OUT)
  const [limited, free] = await Promise.all([rate('one', 'slow'), rate('two', 'one')])
  assert.ok(isNear(limited, OUT), `beside others it sends ${limited}`)
  assert.ok(free > UNLIMITED, `without a limit it is ${free}`)
  const params = { tenant: TENANT, container: 'slow' }
  const { receivedBytes, sentBytes, ...metrics } = await acme.api.call(containerMetrics, { params })
  assert.deepEqual([metrics.receivedBitsLimit, metrics.sentBitsLimit], [IN, OUT])
  assert.ok(receivedBytes > (IN / 8000) * MEASURED_MS && sentBytes > (OUT / 8000) * MEASURED_MS)
})

test('a limit is changed while the container runs, and holds for its next run', async () => {
  const { startedAt } = await acme.show('slow')
  await change({ egress: 2 * OUT })
  await until('it sends more', async () => isNear(await rate('one', 'slow'), 2 * OUT))
  await until('it receives freely', async () => (await rate('slow', 'one')) > UNLIMITED)
  assert.equal((await acme.show('slow')).startedAt, startedAt)
  const params = { tenant: TENANT, container: 'slow' }
  await acme.api.call(restartContainer, { params, query: { wait: 30 } })
  await holds('one', 'slow', 2 * OUT)
})

test('what another hand takes away is made anew, and nothing is left behind', async () => {
  const [funnel = ''] = funnels()
  execFileSync('ip', ['link', 'delete', funnel])
  await until('it is held again', async () => funnels().includes(funnel), MADE_ANEW_MS)
  await until('it sends no more than it may', async () =>
    isNear(await rate('one', 'slow'), 2 * OUT),
  )
  await change(null)
  await until('its device is gone', () => funnels().length === 0)
  await until('it sends freely', async () => (await rate('one', 'slow')) > UNLIMITED)
  await change({ ingress: IN, egress: OUT })
  await until('it is limited again', () => funnels().length === 1)
  await acme.remove('slow')
  await until('its device went with it', () => funnels().length === 0, MADE_ANEW_MS)
})
