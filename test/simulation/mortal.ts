import type { Queries, Store } from '../../db/open.ts'
import type { Edge } from '../../src/ports/edge.ts'
import type { Engine } from '../../src/ports/engine.ts'
import type { Timers } from '../../src/ports/timers.ts'

/**
 * What a process that was killed still has of the world: nothing. Whatever it asks for is never
 * answered, and what it has asked for may still be done, but it never learns of it.
 */
export interface Life {
  isOver: boolean
}

const never = (): Promise<never> => new Promise<never>(() => undefined)

async function whileAlive<T>(life: Life, work: () => Promise<T>): Promise<T> {
  if (life.isOver) return never()
  try {
    const value = await work()
    return life.isOver ? await never() : value
  } catch (error) {
    return life.isOver ? never() : Promise.reject(error)
  }
}

/** Every query of it is never answered. */
const SILENT = new Proxy({}, { get: () => new Proxy({}, { get: () => never }) })

/** A transaction that is open when the process dies is rolled back. */
export const mortalStore = (store: Store, life: Life): Store => ({
  get read() {
    // Nobody reads from a process that is dead, and so nobody is told of a wrong type.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return life.isOver ? (SILENT as Store['read']) : store.read
  },
  write: (work) => whileAlive(life, () => store.write(cutOff(life, work))),
  writeFor: (tenant, work) => whileAlive(life, () => store.writeFor(tenant, cutOff(life, work))),
})

const cutOff =
  <T>(life: Life, work: (q: Queries) => Promise<T>) =>
  async (q: Queries): Promise<T> => {
    const value = await work(q)
    if (life.isOver) throw new Error('The process died before it could commit')
    return value
  }

export function mortalEngine(engine: Engine, life: Life): Engine {
  async function* stream<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    for await (const one of source) {
      if (life.isOver) await never()
      yield one
    }
  }
  return {
    ...mortalCalls(engine, life),
    events: (...asked) => stream(engine.events(...asked)),
    logs: (...asked) => stream(engine.logs(...asked)),
  }
}

function mortalCalls(engine: Engine, life: Life): Omit<Engine, 'events' | 'logs'> {
  const calls = Object.entries(engine).map(([name, call]) => [
    name,
    // Each call of the port but the two streams answers a promise.
    (...asked: unknown[]) =>
      whileAlive(life, async (): Promise<unknown> => Reflect.apply(call, engine, asked)),
  ])
  return Object.fromEntries(calls)
}

export const mortalTimers = (timers: Timers, life: Life): Timers => ({
  after: (ms, run) => timers.after(ms, () => void (life.isOver || run())),
})

export const mortalEdge = (edge: Edge, life: Life): Edge => ({
  publish: (table) => (life.isOver ? table.version : edge.publish(table)),
  acknowledged: (version, signal) => whileAlive(life, () => edge.acknowledged(version, signal)),
  health: (id) => edge.health(id),
  onHealth: (listener) => edge.onHealth((reports) => void (life.isOver || listener(reports))),
  isUp: () => edge.isUp(),
})
