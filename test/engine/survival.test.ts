import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { gone } from '../support/platform-processes.ts'
import { askUdp } from '../proxy/dns/client.ts'
import { until } from '../support/wait.ts'

/** Whatever is killed, the tenants' traffic goes on. */

const HOST = 'hello.demo.cloud.local'
const KILLS = 10
const RETRY_MS = 100
const DNS_BACK_MS = 1_000

let platform: Platform

before(async () => {
  platform = await startPlatform()
})

after(() => platform?.remove())

/** Asks all the time, over a kept connection and over new ones, until it is told to stop. */
function traffic() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const failures: string[] = []
  let answered = 0
  const over = new AbortController()
  const steady = async (how: { agent?: Agent }): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const { status } = await page(platform.ingress, { host: HOST, path: '/healthz', ...how })
        if (status === 200) answered++
        else failures.push(`answered ${status}`)
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  const running = [steady({ agent }), steady({})]
  return {
    answered: () => answered,
    async stop(): Promise<{ answered: number; failures: string[] }> {
      over.abort()
      await Promise.all(running)
      agent.destroy()
      return { answered, failures }
    },
  }
}

/** So that there are requests before, between and after the kills. */
async function moreAnswers(flow: ReturnType<typeof traffic>): Promise<void> {
  const soFar = flow.answered()
  await until('more requests are answered', () => flow.answered() >= soFar + 20)
}

test('no request fails while the control plane is killed and restarted ten times', async () => {
  const flow = traffic()
  await moreAnswers(flow)
  for (let kill = 0; kill < KILLS; kill++) {
    const first = platform.pid('control-plane')
    await platform.kill('control-plane')
    await until(
      'another control plane answers',
      async () =>
        platform.pids('control-plane').some((pid) => pid !== first) &&
        (await fetch(`${platform.endpoint}/v1/health`)).ok,
      40_000,
    )
    await moreAnswers(flow)
  }
  const { answered, failures } = await flow.stop()
  assert.deepEqual(failures, [], `${failures.length} of ${answered + failures.length} failed`)
  assert.ok(answered > KILLS * 20)
})

test('no request fails while the supervisor is killed, and a new one takes over', async () => {
  const flow = traffic()
  await moreAnswers(flow)
  const old = [...platform.pids('ingress'), ...platform.pids('dns')]
  await platform.kill('supervisor')
  await moreAnswers(flow)
  await platform.start()
  await moreAnswers(flow)
  const { failures } = await flow.stop()
  assert.deepEqual(failures, [])
  await Promise.all(old.map((pid) => gone(pid, 40_000)))
})

test('a killed worker costs at most the requests that it had, and another takes its place', async () => {
  const flow = traffic()
  await moreAnswers(flow)
  const workers = platform.pids('ingress').length
  await platform.kill('ingress')
  await until('as many workers as before', () => platform.pids('ingress').length === workers)
  await moreAnswers(flow)
  const { failures } = await flow.stop()
  // Two are under way at once; a connection that the kernel had given to the dead worker counts too.
  assert.ok(failures.length <= 4, failures.join('; '))
})

test('a killed DNS process answers again within a second, and health goes on', async () => {
  const ask = { name: 'hello.demo.internal', type: 1 }
  const asked = async (): Promise<boolean> =>
    (await askUdp(platform.dns, ask, '127.0.0.1')).answers.length === 1
  // As a resolver does, it asks again soon: a datagram to nobody is lost.
  const answers = (): Promise<boolean> => Promise.race([asked(), pause(RETRY_MS, false)])
  assert.equal(await answers(), true)
  await platform.kill('dns')
  const killedAt = performance.now()
  await until('the name is answered', answers)
  const tookMs = performance.now() - killedAt
  assert.ok(tookMs < DNS_BACK_MS, `${Math.round(tookMs)} ms`)
})
