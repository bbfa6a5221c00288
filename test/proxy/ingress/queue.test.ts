import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Member } from '../../../proxy/core/route-table.ts'
import {
  array,
  assert as holds,
  asyncProperty,
  constant,
  integer,
  nat,
  oneof,
  record,
} from 'fast-check'
import { Queues, type Queued, type Ticket } from '../../../proxy/ingress/queues.ts'
import { RawClient, ask, backend, bodyOf, freePort, lines, member, until, world } from './kit.ts'

const to = (path: string, host = 'hello.demo.cloud.local'): string =>
  lines(`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '')

/** Answers when it is told to, and remembers what it was asked for. */
async function patient(t: TestContext, over: Partial<Member> = {}) {
  const asked: string[] = []
  const waiting: ServerResponse[] = []
  let mostAtOnce = 0
  const { port } = await backend(t, ({ url = '' }, response) => {
    asked.push(url)
    waiting.push(response)
    mostAtOnce = Math.max(mostAtOnce, waiting.length)
  })
  const answer = (): void => void waiting.shift()?.end('done')
  return { member: member(port, over), asked, waiting, answer, mostAtOnce: () => mostAtOnce }
}

const ONE_AT_A_TIME = { kind: 'round-robin', maxRequests: 1, queue: 3, queueMs: 60_000 } as const

test('who finds all members busy waits, and whoever came first goes first', async (t) => {
  const { port, serve, edge } = await world(t, {}, ONE_AT_A_TIME)
  const busy = await patient(t)
  serve([busy.member])
  const clients: RawClient[] = []
  for (const path of ['/1', '/2', '/3', '/4']) {
    const client = new RawClient(t, port)
    clients.push(client)
    client.say(to(path))
    await until(
      () => edge.counters().held === clients.length - 1 && busy.asked.length === 1,
      () => `${path} to be there`,
    )
  }
  for (let served = 1; served <= 4; served += 1) {
    await until(
      () => busy.asked.length === served,
      () => `${served} to be asked`,
    )
    busy.answer()
  }
  for (const client of clients) assert.equal(bodyOf(await client.closed()), 'done')
  assert.deepEqual(busy.asked, ['/1', '/2', '/3', '/4'])
  assert.equal(busy.mostAtOnce(), 1)
  assert.equal(edge.counters().held, 0)
})

test('a queue that is full, and one in which a request has waited too long, answer 503 and when to come again', async (t) => {
  const balance = { ...ONE_AT_A_TIME, queue: 1, queueMs: 100 }
  const { port, serve, edge } = await world(t, {}, balance)
  const busy = await patient(t)
  serve([busy.member])
  new RawClient(t, port).say(to('/first'))
  await until(
    () => busy.asked.length === 1,
    () => 'the first',
  )
  const waits = new RawClient(t, port)
  waits.say(to('/second'))
  await until(
    () => edge.counters().held === 1,
    () => 'the second to wait',
  )
  const refused = await ask(t, port, to('/third'))
  assert.match(refused, /^HTTP\/1\.1 503 /)
  assert.match(refused, /\r\nRetry-After: 2\r\n/)
  const late = await waits.closed()
  assert.match(late, /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n[^]*as much to do as they may/)
  assert.deepEqual(busy.asked, ['/first'])
  assert.equal(edge.counters().held, 0)
})

test('a client that leaves leaves the queue, at once or when it has been silent for a while', async (t) => {
  const { port, serve, edge } = await world(t, { halfOpenMs: 200 }, ONE_AT_A_TIME)
  const busy = await patient(t)
  serve([busy.member])
  const says = async (path: string, held: number): Promise<RawClient> => {
    const client = new RawClient(t, port)
    client.say(to(path))
    await waiting(held)
    return client
  }
  const waiting = (held: number): Promise<void> =>
    until(
      () => edge.counters().held === held && busy.asked.length === 1,
      () => `${held} to wait`,
    )
  await says('/first', 0)
  const resets = await says('/resets', 1)
  const closes = await says('/closes', 2)
  const last = await says('/last', 3)
  resets.socket.resetAndDestroy()
  await waiting(2)
  closes.socket.destroy()
  await waiting(1)
  busy.answer()
  await until(
    () => busy.asked.length === 2,
    () => 'the last one',
  )
  busy.answer()
  assert.equal(bodyOf(await last.closed()), 'done')
  assert.deepEqual(busy.asked, ['/first', '/last'])
})

test('the queue of one app holds up no other', async (t) => {
  const { port, serve, edge } = await world(t, {}, ONE_AT_A_TIME)
  const busy = await patient(t)
  const other = await backend(t, (_request, response) => response.end('other'))
  serve([busy.member, member(other.port, { name: 'other' })])
  for (let i = 0; i < 4; i += 1) new RawClient(t, port).say(to('/'))
  await until(
    () => edge.counters().held === 3,
    () => 'a full queue',
  )
  assert.equal(bodyOf(await ask(t, port, to('/', 'other.demo.cloud.local'))), 'other')
})

test('a member that comes takes whoever waits', async (t) => {
  const { port, serve, edge } = await world(t, {}, ONE_AT_A_TIME)
  const busy = await patient(t)
  serve([busy.member])
  const clients = [new RawClient(t, port), new RawClient(t, port)]
  for (const client of clients) client.say(to('/'))
  await until(
    () => edge.counters().held === 1,
    () => 'one to wait',
  )
  const fresh = await patient(t, { id: 'fresh' })
  serve([busy.member, fresh.member])
  await until(
    () => fresh.asked.length === 1,
    () => 'it to be asked of the new one',
  )
  fresh.answer()
  busy.answer()
  for (const client of clients) assert.equal(bodyOf(await client.closed()), 'done')
})

test('an app that goes while requests wait for it answers them at once', async (t) => {
  const { port, serve, edge } = await world(t, {}, ONE_AT_A_TIME)
  const busy = await patient(t)
  serve([busy.member])
  new RawClient(t, port).say(to('/first'))
  const waits = new RawClient(t, port)
  waits.say(to('/second'))
  await until(
    () => edge.counters().held === 1,
    () => 'one to wait',
  )
  serve([])
  assert.match(await waits.closed(), /^HTTP\/1\.1 404 /)
  assert.equal(edge.counters().held, 0)
})

test('a member that takes no connection gives its room back, and who met nobody with room waits', async (t) => {
  const { port, serve, edge } = await world(t, { settleMs: 0 }, ONE_AT_A_TIME)
  const busy = await patient(t, { id: 'busy' })
  serve([busy.member])
  new RawClient(t, port).say(to('/first'))
  await until(
    () => busy.asked.length === 1,
    () => 'the first',
  )
  const dead = member(await freePort(), { id: 'dead' })
  serve([dead, busy.member])
  // Each is refused, until the one that refuses is passed over for a while.
  for (let i = 0; i < 3; i += 1) {
    assert.match(await ask(t, port, to('/refused')), /^HTTP\/1\.1 502 /)
  }
  const waits = new RawClient(t, port)
  waits.say(to('/second'))
  await until(
    () => edge.counters().held === 1,
    () => 'the second to wait',
  )
  assert.equal(edge.inFlight().get('dead'), 0)
  busy.answer()
  await until(
    () => busy.asked.length === 2,
    () => 'its turn',
  )
  busy.answer()
  assert.equal(bodyOf(await waits.closed()), 'done')
})

/** A request that can go when so many are under way at most. */
const waiter = (name: string, world_: { inFlight: number; gone: string[] }, most: number) => ({
  admit(): boolean {
    if (world_.inFlight >= most) return false
    world_.inFlight += 1
    world_.gone.push(name)
    return true
  },
})

test('who waits for a smaller limit does not hold up those with a larger one', async () => {
  const queues = new Queues()
  const now = { inFlight: 3, gone: [] as string[] }
  const tickets: (Ticket | null)[] = []
  for (const [name, most] of [
    ['small 1', 2],
    ['large 1', 4],
    ['small 2', 2],
    ['large 2', 4],
  ] as const) {
    tickets.push(queues.enter('app', waiter(name, now, most), { most, room: 9, dueMs: 0 }))
  }
  assert.ok(queues.hasBefore('app', 4) && queues.hasBefore('app', 2))
  assert.ok(!queues.hasBefore('app', 5) && !queues.hasBefore('other', 2))
  queues.freed('app')
  await Promise.resolve()
  assert.deepEqual(now.gone, ['large 1'])
  now.inFlight = 1
  queues.freed('app')
  await Promise.resolve()
  assert.deepEqual(now.gone, ['large 1', 'small 1', 'large 2'])
  tickets[2]?.leave()
  tickets[2]?.leave()
  assert.equal(queues.count, 0)
  assert.ok(!queues.hasBefore('app', 2))
})

/** A request of the model: how few have to be under way for it to go, and whether it still waits. */
interface Waits extends Queued {
  readonly most: number
  ticket: Ticket | null
  isWaiting: boolean
}

const EVENT = oneof(
  record({ kind: constant('comes' as const), most: integer({ min: 1, max: 4 }) }),
  record({ kind: constant('leaves' as const), which: nat(20) }),
  record({ kind: constant('ends' as const) }),
)

test('nobody overtakes, nobody waits for nothing, and nobody is forgotten, whatever comes and goes', async () => {
  const all = asyncProperty(array(EVENT, { maxLength: 60 }), async (events) => {
    const queues = new Queues()
    const line: Waits[] = []
    let inFlight = 0
    const comes = (most: number): void => {
      if (!queues.hasBefore('app', most) && inFlight < most) {
        inFlight += 1
        return
      }
      const waits: Waits = {
        most,
        isWaiting: true,
        admit() {
          if (inFlight >= most) return false
          const before = line.slice(0, line.indexOf(waits)).filter((one) => one.isWaiting)
          assert.ok(
            before.every((one) => one.most < most),
            'whoever came before needs more room',
          )
          inFlight += 1
          waits.isWaiting = false
          return true
        },
        ticket: null,
      }
      line.push(waits)
      waits.ticket = queues.enter('app', waits, { most, room: 99, dueMs: 0 })
    }
    for (const event of events) {
      if (event.kind === 'comes') {
        comes(event.most)
      } else if (event.kind === 'leaves') {
        const one = line[event.which]
        one?.ticket?.leave()
        if (one !== undefined) one.isWaiting = false
      } else if (inFlight > 0) {
        inFlight -= 1
        queues.freed('app')
        await Promise.resolve()
      }
      const waiting = line.filter((one) => one.isWaiting)
      assert.equal(queues.count, waiting.length)
      assert.ok(
        waiting.every(({ most }) => inFlight >= most),
        'there is no room for any of them',
      )
    }
  })
  await holds(all, { numRuns: 200 })
})
