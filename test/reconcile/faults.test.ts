import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Call, Fault } from '../fakes/engine-host.ts'
import { asked, imageIdOf, runs, until, world, type World } from '../support/world.ts'

const METHODS = [
  'list',
  'image',
  'ensureNetwork',
  'createContainer',
  'inspectContainer',
  'startContainer',
  'stopContainer',
  'removeContainer',
] as const
const FAULTS: readonly Fault[] = [
  'away',
  'lose',
  'hang',
  { status: 500, answer: 'the engine is in trouble' },
]
/** A call that hangs is given up by the pass, in real time. */
const DEADLINE_MS = 50

/** Ends every call of a kind with a fault, from the `first` on, `times` times. */
function failing(
  method: string,
  { fault, first, times }: Failing,
): (call: Call) => Fault | undefined {
  let seen = 0
  return (call) => {
    if (call.method !== method) return undefined
    seen += 1
    return seen >= first && seen < first + times ? fault : undefined
  }
}

interface Failing {
  readonly fault: Fault
  readonly first: number
  readonly times: number
}

/** The clock goes on, as it would, until it is so. */
const inTime = (at: World, what: string, condition: () => Promise<boolean>): Promise<void> =>
  until(what, async () => {
    at.time.advance(500)
    return condition()
  })

async function isOver(at: World): Promise<boolean> {
  const { items } = await at.control.operations.list('acme', { limit: 100 })
  return items.every(({ state }) => state !== 'pending' && state !== 'running')
}

/** Whether what the engine has is what was asked for, once each. */
async function isAsDesired(at: World): Promise<boolean> {
  const { items } = await at.control.containers.list('acme', { limit: 100 })
  const objects = [...at.host.containers.values()]
  const made = new Map(objects.map(({ wanted, status }) => [wanted.id, status]))
  const pids = new Map(objects.map(({ wanted, set }) => [wanted.id, set.pids]))
  const known = new Set(items.map(({ id }) => id))
  if (made.size !== objects.length || objects.some(({ wanted }) => !known.has(wanted.id)))
    return false
  return items.every(({ id, desired, state, resources }) => {
    const status = made.get(id)
    if (status !== undefined && pids.get(id) !== resources.pids) return false
    // One that was stopped before it was made need not be made.
    if (desired === 'stopped') return state === 'stopped' && status !== 'running'
    return desired === 'running' && state === 'running' && status === 'running'
  })
}

for (const method of METHODS) {
  for (const fault of FAULTS) {
    const name = typeof fault === 'string' ? fault : String(fault.status)
    test(`${method} going wrong (${name}) is made good: up, anew, down, gone`, async () => {
      await using at = await world({ deadlineMs: DEADLINE_MS })
      await at.addTenant('acme')
      await at.begin()
      const wrong = (): void => {
        at.host.intercept = failing(method, { fault, first: 1, times: 2 })
      }
      const whole = async (): Promise<boolean> => (await isOver(at)) && isAsDesired(at)
      const engineUp = (): Promise<boolean> => Promise.resolve(at.control.observer.isUp())
      const { containers } = at.control
      wrong()
      await at.create('acme', { restart: 'always' })
      await inTime(at, 'it runs', whole)
      for (const verb of ['restart', 'stop', 'start'] as const) {
        await inTime(at, 'the engine is back', engineUp)
        wrong()
        await containers[verb](asked('acme', 'web'))
        await inTime(at, `after ${verb}`, whole)
      }
      await inTime(at, 'the engine is back', engineUp)
      wrong()
      await containers.delete(asked('acme', 'web'), true)
      await inTime(at, 'it is gone', whole)
      assert.equal(at.host.containers.size, 0)
    })
  }
}

test('an image that went between the look and the create is pulled', async () => {
  const facts = { imageId: imageIdOf('new'), exposedTcpPorts: [80], volumes: [], user: '' }
  await using at = await world({ registry: () => facts })
  await at.addTenant('acme')
  await at.begin()
  let gone = false
  at.host.intercept = ({ method }) => {
    if (method === 'createContainer' && !gone) {
      gone = true
      at.host.images.clear()
    }
    return undefined
  }
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  assert.equal([...at.host.containers.values()][0]?.wanted.imageId, imageIdOf('new'))
})

test('a start that an ending engine refuses is tried again until the engine is back', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const fault = { status: 403, answer: 'endpoint with name web already exists in network' }
  at.host.intercept = failing('startContainer', { fault, first: 1, times: 6 })
  await at.create('acme', { restart: 'always' })
  await inTime(at, 'it runs', async () => (await isOver(at)) && isAsDesired(at))
})

test('a start that is refused so for good is the container’s fate', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const fault = { status: 403, answer: 'endpoint with name web already exists in network' }
  at.host.intercept = failing('startContainer', { fault, first: 1, times: Infinity })
  await at.create('acme', {})
  await inTime(at, 'it is given up', () => isOver(at))
  assert.equal((await at.control.containers.get('acme', 'web')).state, 'failed')
})

test('a refusal of the engine is the container’s fate, in its own words', async () => {
  await using at = await world({ program: () => ({ cannotStart: 'exec: "nope": not found' }) })
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', {})
  const signal = AbortSignal.timeout(5000)
  const ended = await at.control.operations.settled(operation.id, 5, signal)
  assert.deepEqual([ended.state, ended.error?.code], ['failed', 'engine-refused'])
  const web = await at.control.containers.get('acme', 'web')
  assert.equal(web.state, 'failed')
  assert.match(web.reason?.message ?? '', /exec: "nope": not found/)
})

test('an engine in trouble for good is the container’s fate after a few tries', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  at.host.intercept = ({ method }) =>
    method === 'startContainer' ? { status: 500, answer: 'no space left' } : undefined
  await at.create('acme', {})
  await inTime(at, 'it has failed', () => isOver(at))
  const starts = at.host.calls.filter(({ method }) => method === 'startContainer')
  // Three tries, and three more with one made anew.
  assert.equal(starts.length, 6)
  at.host.intercept = () => undefined
  await at.control.containers.start(asked('acme', 'web'))
  await runs(at, 'acme', 'web')
})

test('an image that no registry has is said so, and holds quota until it is deleted', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', { image: 'registry.example/none:1' })
  const signal = AbortSignal.timeout(5000)
  const ended = await at.control.operations.settled(operation.id, 5, signal)
  assert.equal(ended.error?.code, 'image-unavailable')
  assert.match(ended.error.message, /no registry can be reached/)
  assert.equal((await at.reserved(id)).containers, 1)
  await at.control.containers.delete(asked('acme', 'web'), false)
  await inTime(at, 'it is free again', async () => {
    return (await at.reserved(id)).containers === 0
  })
})

test('whatever is asked while the engine fails, all is as desired once it works', async () => {
  const VERBS = ['create', 'start', 'stop', 'restart', 'delete', 'rename', 'resize'] as const
  const fault = fc.record({
    method: fc.constantFrom(...METHODS),
    fault: fc.constantFrom<Fault>('away', 'lose'),
  })
  const moves = fc.array(
    fc.record({ verb: fc.constantFrom(...VERBS), n: fc.nat(2), fault: fc.option(fault) }),
    { minLength: 1, maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(moves, async (script) => {
      await using at = await world()
      const acme = await at.addTenant('acme')
      await at.begin()
      for (const { verb, n, fault: wrong } of script) {
        at.host.intercept = wrong
          ? failing(wrong.method, { ...wrong, first: 1, times: 2 })
          : () => undefined
        await move(at, verb, `web-${n}`)
      }
      at.host.intercept = () => undefined
      const whole = async (): Promise<boolean> => (await isOver(at)) && isAsDesired(at)
      await inTime(at, `all is as desired after ${JSON.stringify(script)}`, whole)
      const used = await at.reserved(acme.id)
      const { items } = await at.control.containers.list('acme', { limit: 100 })
      assert.equal(used.containers, items.length)
      assert.equal(used.cpuMilli, 500 * items.length)
    }),
    { numRuns: 25 },
  )
})

/** Refusals are answers, too. */
async function move(at: World, verb: string, name: string): Promise<void> {
  const { containers } = at.control
  const subject = asked('acme', name)
  const moves: Readonly<Record<string, () => Promise<unknown>>> = {
    create: () => at.create('acme', { name, restart: 'always' }),
    start: () => containers.start(subject),
    stop: () => containers.stop(subject),
    restart: () => containers.restart(subject),
    delete: () => containers.delete(subject, true),
    rename: () => containers.rename(subject, `${name}-b`),
    resize: () => containers.update(subject, { pids: 20 + at.host.calls.length }),
  }
  try {
    await moves[verb]?.()
  } catch (error) {
    const expected = ['engine-unavailable', 'name-taken', 'not-found', 'state-conflict']
    const code = error instanceof Error && 'code' in error ? error.code : error
    assert.ok(expected.includes(String(code)), String(error))
  }
}
