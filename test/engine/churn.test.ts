import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Resolver } from 'node:dns/promises'
import { request } from 'node:http'
import { test } from 'node:test'
import { z } from 'zod'
import { createNetwork, deleteNetwork } from '../../src/contract/networks.ts'
import { forward } from '../support/forward.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * Tenants whose networks and containers come and go, so that addresses go from one to another, while all of them are
 * asked who they are: through the ingress, by names of the DNS responder, from inside, and through tunnels. Nobody at
 * all may answer for somebody else. `CLOUDLET_TEST_LONG=1`: 10,000 answers and more instead of 1,000.
 */
const IS_LONG = process.env['CLOUDLET_TEST_LONG'] === '1'
const ANSWERS = IS_LONG ? 10_000 : 1_000
/** How often an address was another tenant's before. */
const REUSED = IS_LONG ? 40 : 5
const TENANTS = ['ash', 'birch', 'cedar', 'elm']
const timeout = IS_LONG ? 15 * 60_000 : 120_000
const PROGRAM = readFileSync(new URL('../fixtures/tenant-echo.ts', import.meta.url), 'utf8')
const PORT = 8080
const PATIENCE_MS = 1000
/** Between two of one asker: as many as the machine has room for beside the churn. */
const BETWEEN_MS = 5

const WAYS = ['ingress', 'name', 'inside', 'tunnel'] as const
type Way = (typeof WAYS)[number]

const Heard = z.object({ right: z.int(), none: z.int(), wrong: z.array(z.string()) })

/** What was heard so far, by way. */
function tally() {
  const right: Record<Way, number> = { ingress: 0, name: 0, inside: 0, tunnel: 0 }
  const wrong: string[] = []
  return {
    right,
    wrong,
    total: (): number => WAYS.reduce((sum, way) => sum + right[way], 0),
    take(way: Way, tenant: string, said: string | undefined): void {
      if (said === tenant) right[way] += 1
      else if (said !== undefined) wrong.push(`${way}: ${tenant} was answered by ${said}`)
    },
  }
}

/** Who answers there; undefined where nobody does, or the ingress says that nobody does. */
function whoAnswers(at: { host: string; port: number; name?: string; path?: string }) {
  const { host, port, name, path = '/' } = at
  return new Promise<string | undefined>((resolve) => {
    const headers = name === undefined ? {} : { host: name }
    const asked = request({ host, port, headers, path, timeout: PATIENCE_MS, agent: false })
    asked.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      const isOurs = response.statusCode === 200
      response.on('end', () => resolve(isOurs ? text : undefined))
      response.on('error', () => resolve(undefined))
    })
    asked.on('timeout', () => asked.destroy()).on('error', () => resolve(undefined))
    asked.end()
  })
}

type Tally = ReturnType<typeof tally>

/** Asks in a loop until it is told to end. */
async function asking(signal: AbortSignal, ask: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await ask()
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
  }
}

interface Asked {
  readonly tenant: string
  readonly tallied: Tally
  readonly signal: AbortSignal
}

function askers({ ingress, dns }: Platform, { tenant, tallied, signal }: Asked) {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 })
  resolver.setServers([`${dns.host}:${dns.port}`])
  const byIngress = async (): Promise<void> =>
    tallied.take(
      'ingress',
      tenant,
      await whoAnswers({ ...ingress, name: `web.${tenant}.cloud.local` }),
    )
  const byName = async (): Promise<void> => {
    const [host] = await resolver.resolve4(`web.${tenant}.internal`).catch(() => [])
    if (host !== undefined) tallied.take('name', tenant, await whoAnswers({ host, port: PORT }))
  }
  return [asking(signal, byIngress), asking(signal, byName)]
}

/** One life: a network, a container in it, and a tunnel to that; answers its address. */
async function life(platform: Platform, tenant: Tenant, tallied: Tally): Promise<string> {
  const { api, slug, apiKey } = tenant
  const params = { tenant: slug }
  await api.call(createNetwork, { params, body: { name: 'net' } })
  const shown = await tenant.run({
    name: 'web',
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module-typescript', '-e', PROGRAM],
    networks: [{ name: 'net' }],
    ports: [{ port: PORT, app: true }],
    minHealthySeconds: 0,
  })
  const address = shown.addresses[0]?.address ?? ''
  const tunnel = await forward(platform, { tenant: slug, apiKey, words: ['web', `:${PORT}`] })
  const over = new AbortController()
  const local = { host: '127.0.0.1', port: tunnel.port }
  const asked = asking(over.signal, async () =>
    tallied.take('tunnel', slug, await whoAnswers(local)),
  )
  try {
    // Long enough for some answers of each way, and not for ever where one gives none.
    const before = tallied.total()
    await until('it was asked', () => tallied.total() - before > ANSWERS / 50)
    const { right, wrong } = Heard.parse(
      JSON.parse((await whoAnswers({ host: address, port: PORT, path: '/heard' })) ?? ''),
    )
    tallied.right.inside += right
    tallied.wrong.push(...wrong.map((said) => `inside: ${slug} was answered by ${said}`))
    // The tunnel is open while its end goes and the next gets its address.
    await tenant.remove('web')
    await api.call(deleteNetwork, { params: { ...params, network: 'net' } })
  } finally {
    over.abort()
    await asked
    await tunnel.end()
  }
  return address
}

test(
  'addresses go from tenant to tenant, and nobody is answered by another',
  { timeout },
  async () => {
    const platform = await startPlatform({
      CLOUDLET_DEMO: '0',
      CLOUDLET_ADDRESS_POOL: '10.196.0.0/20',
      CLOUDLET_RANGE_REST_SECONDS: '1',
      CLOUDLET_ADDRESS_REST_SECONDS: '1',
    })
    const over = new AbortController()
    const tallied = tally()
    const owners = new Map<string, string>()
    let reused = 0
    try {
      const tenants = []
      for (const slug of TENANTS) tenants.push(await newTenant(platform, slug))
      const all = TENANTS.flatMap((slug) =>
        askers(platform, { tenant: slug, tallied, signal: over.signal }),
      )
      const isEnough = (): boolean => tallied.total() >= ANSWERS && reused >= REUSED
      const lives = tenants.map(async (tenant) => {
        while (!isEnough()) {
          const address = await life(platform, tenant, tallied)
          if ((owners.get(address) ?? tenant.slug) !== tenant.slug) reused += 1
          owners.set(address, tenant.slug)
        }
      })
      await Promise.all(lives)
      over.abort()
      await Promise.all(all)
      assert.deepEqual(tallied.wrong, [])
      for (const way of WAYS)
        assert.ok(tallied.right[way] > ANSWERS / 50, JSON.stringify(tallied.right))
      process.stdout.write(`# ${JSON.stringify({ ...tallied.right, reused })}\n`)
    } finally {
      over.abort()
      await platform.remove()
    }
  },
)
