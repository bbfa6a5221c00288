import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { gone } from '../support/platform-processes.ts'
import { askUdp } from '../proxy/dns/client.ts'
import { until } from '../support/wait.ts'

/** Whatever is killed, the tenants' traffic goes on. */

const HOST = 'hello.demo.cloud.local'
/** Twelve starts of a platform's parts, on a machine that may have other work. */
const PATIENT = { timeout: 6 * 60_000 }
const ROUNDS = 2
const KILLS_A_ROUND = 5
const BACK_MS = 40_000
const HANDED_OVER_MS = 40_000
/** Each asks this often, which leaves the machine some time for those who die and come back. */
const PACE_MS = 4
const ON_KEPT_CONNECTIONS = 3
const ON_NEW_CONNECTIONS = 3
const RETRY_MS = 100
/** A resolver asks again after 5 s by default (resolv.conf(5)): whoever asks twice gets an answer. */
const DNS_BACK_MS = 5_000

let platform: Platform

before(async () => {
  platform = await startPlatform()
})

after(() => platform?.remove())

/** Asks all the time, over kept connections and over new ones, until it is told to stop. */
function traffic(t: TestContext) {
  const kept = Array.from(
    { length: ON_KEPT_CONNECTIONS },
    () => new Agent({ keepAlive: true, maxSockets: 1 }),
  )
  const failures: string[] = []
  const over = new AbortController()
  t.after(() => over.abort())
  let answered = 0
  let phase = 'the beginning'
  const steady = async (how: { agent?: Agent }): Promise<void> => {
    while (!over.signal.aborted) {
      const begun = phase
      try {
        const { status } = await page(platform.ingress, { host: HOST, path: '/healthz', ...how })
        if (status === 200) answered++
        else failures.push(`${begun}: answered ${status}`)
      } catch (error) {
        failures.push(`${begun}, ${how.agent ? 'kept' : 'new'} connection: ${String(error)}`)
      }
      await pause(PACE_MS)
    }
  }
  const fresh = Array.from({ length: ON_NEW_CONNECTIONS }, () => steady({}))
  const running = [...kept.map((agent) => steady({ agent })), ...fresh]
  return {
    answered: () => answered,
    /** What is told of a request that fails from now on. */
    now: (name: string) => void (phase = name),
    async stop(): Promise<{ answered: number; failures: string[] }> {
      over.abort()
      await Promise.all(running)
      for (const agent of kept) agent.destroy()
      return { answered, failures }
    },
  }
}

/** So that there are requests before, between and after the kills. */
async function moreAnswers(flow: ReturnType<typeof traffic>): Promise<void> {
  const soFar = flow.answered()
  await until('more requests are answered', () => flow.answered() >= soFar + 20)
}

/** Kills the control plane, and waits for the next one to answer. */
async function killControlPlane(): Promise<void> {
  const first = platform.pid('control-plane')
  await platform.kill('control-plane')
  const another = (): boolean => platform.pids('control-plane').some((pid) => pid !== first)
  const answers = async (): Promise<boolean> => (await fetch(`${platform.endpoint}/v1/health`)).ok
  await until('another one answers', async () => another() && (await answers()), BACK_MS)
}

const edge = (): number[] => [...platform.pids('ingress'), ...platform.pids('dns')]

test(
  'no request fails while the control plane is killed ten times and the supervisor twice',
  PATIENT,
  async (t) => {
    const flow = traffic(t)
    await moreAnswers(flow)
    for (let round = 0; round < ROUNDS; round++) {
      // One supervisor brings back what dies often later and later, so each has its share.
      for (let kill = 0; kill < KILLS_A_ROUND; kill++) {
        flow.now(`kill ${kill} of round ${round}`)
        await killControlPlane()
        await moreAnswers(flow)
      }
      const old = edge()
      flow.now(`the supervisor's end in round ${round}`)
      await platform.kill('supervisor')
      await moreAnswers(flow)
      assert.deepEqual(edge(), old)
      flow.now(`the new supervisor in round ${round}`)
      await platform.start()
      await Promise.all(old.map((pid) => gone(pid, HANDED_OVER_MS)))
      await moreAnswers(flow)
    }
    const { answered, failures } = await flow.stop()
    assert.deepEqual(failures, [], `${failures.length} of ${answered + failures.length} failed`)
  },
)

test('a killed worker costs at most the requests that it had, and another takes its place', async (t) => {
  const flow = traffic(t)
  await moreAnswers(flow)
  const workers = platform.pids('ingress').length
  await platform.kill('ingress')
  await until('as many workers as before', () => platform.pids('ingress').length === workers)
  await moreAnswers(flow)
  const { failures } = await flow.stop()
  // Each client has one request under way, and one more on a connection that the kernel had given to
  // the dead worker and nobody had taken yet.
  const most = 2 * (ON_KEPT_CONNECTIONS + ON_NEW_CONNECTIONS)
  assert.ok(failures.length <= most, failures.join('; '))
})

test('a killed DNS process answers again before a resolver gives up, and health goes on', async () => {
  const ask = { name: 'hello.demo.internal', type: 1 }
  const asked = async (): Promise<boolean> =>
    (await askUdp(platform.dns, ask, '127.0.0.1')).answers.length === 1
  // As a resolver does, it asks again soon: a datagram to nobody is lost.
  const answers = (): Promise<boolean> => Promise.race([asked(), pause(RETRY_MS, false)])
  await until('the name is answered before', answers)
  await platform.kill('dns')
  await until('the name is answered', answers, DNS_BACK_MS)
  const { status } = await page(platform.ingress, { host: HOST, path: '/healthz' })
  assert.equal(status, 200)
})
