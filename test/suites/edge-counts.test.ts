import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../../bench/api/processes.ts'
import { DOMAIN, edgeProgram, memberAt, TENANT } from '../../bench/edge-process.ts'
import { edgeLink } from '../../src/adapters/edge-link.ts'
import { keptTotals } from '../../src/adapters/kept-totals.ts'
import { systemTimers } from '../../src/adapters/system.ts'
import type { MetricFamily } from '../../src/contract/edge-metrics.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { edgeMetrics } from '../../src/services/edge-metrics.ts'
import { startEdge } from '../../src/supervisor/edge-process.ts'
import { until } from '../support/wait.ts'

const HOST = `app.${TENANT}.${DOMAIN}`

test('sums are exact while control planes and workers are started anew', async (t) => {
  const at = await house(t)
  const first = at.controlPlane()
  await at.ask(10)
  assert.equal(await first.sum(), 10)

  await at.ask(5)
  first.end()
  await at.ask(5)
  const second = at.controlPlane()
  assert.equal(await second.sum(), 20, 'what was counted with nobody there is told to the next one')

  await at.ask(5)
  await at.upgrade()
  await at.ask(5)
  await until('the old worker has ended', at.isAlone)
  assert.equal(await second.sum(), 30, 'a worker that drains has said all before its end')

  second.end()
  const third = at.controlPlane()
  assert.equal(await third.sum(), 30)
  const more = await at.kill()
  await at.ask(5)
  assert.equal(await third.sum(), 35 + more, 'what a killed one has said stays')
})

/** A worker in front of one app, and lives of what adds up its numbers. */
async function house(t: TestContext) {
  const app = createServer((_request, response) => response.end('ok'))
  await once(app.listen(0, '127.0.0.1'), 'listening')
  const address = app.address()
  assert.ok(typeof address === 'object' && address !== null)
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-counts-'))
  const [port, tlsPort] = [await freePort(), await freePort()]
  const members = [memberAt('app', '127.0.0.1', address.port)]
  const { command } = edgeProgram({ folder, role: 'ingress-0', port, tlsPort, members })
  const edge = join(folder, 'edge')
  const socket = join(edge, 'ingress-0.sock')
  const wanted = { role: 'ingress-0', socket, command, overlaps: true } as const
  // It runs so fast that every look is a new one.
  let nowMs = Date.now()
  const clock = { now: () => new Date((nowMs += 2_000)) }
  const start = () => startEdge(wanted, () => undefined)
  let worker = await start()
  t.after(async () => {
    await worker.stop(0)
    app.closeAllConnections()
    app.close()
    rmSync(folder, { recursive: true })
  })
  return {
    ask: async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) await answered(port)
    },
    controlPlane: () => controlPlane(t, { edge, clock, file: join(folder, 'counts.json') }),
    async upgrade(): Promise<void> {
      worker.release()
      worker = await start()
    },
    isAlone: () => !readdirSync(edge).some((name) => name.startsWith('draining')),
    /** Resolves once another serves, with how many requests it took to see that. */
    async kill(): Promise<number> {
      const pid = worker.pid()
      assert.ok(pid !== undefined)
      process.kill(pid, 'SIGKILL')
      let answers = 0
      await until('another serves', async () => {
        await answered(port)
        answers += 1
        return worker.pid() !== pid
      })
      return answers
    },
  }
}

interface Surroundings {
  readonly edge: string
  readonly file: string
  readonly clock: Clock
}

function controlPlane(t: TestContext, { edge, file, clock }: Surroundings) {
  const link = edgeLink({ folder: edge, workers: 1, timers: systemTimers, log: () => undefined })
  t.after(() => link.close())
  const metrics = edgeMetrics({
    edge: link,
    clock,
    log: () => undefined,
    slugs: async () => [TENANT],
    kept: keptTotals(file),
  })
  async function shown() {
    const samples: MetricFamily['samples'][number][] = []
    for await (const family of metrics.ofPlatform()) samples.push(...family.samples)
    return samples
  }
  return {
    end: () => link.close(),
    /** Answers of 200, once the worker has been heard. */
    async sum(): Promise<number> {
      const samples = await until('the worker is heard', async () => {
        const all = await shown()
        const isHeard = all.some(
          ({ name, value }) => name === 'cloudlet_edge_processes' && value === 1,
        )
        return isHeard && all
      })
      const good = samples.find(
        ({ name, labels }) =>
          name === 'cloudlet_ingress_requests_total' &&
          labels['app'] === 'app' &&
          labels['code'] === '2xx',
      )
      return good?.value ?? 0
    },
  }
}

/** One request on a connection of its own. */
async function answered(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: false })
  const asked = get({ host: '127.0.0.1', port, agent, headers: { host: HOST } })
  const [answer] = await once(asked, 'response')
  assert.equal(answer.statusCode, 200)
  await once(answer.resume(), 'end')
}
