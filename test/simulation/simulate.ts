import type { Limits } from '../../src/core/quota.ts'
import { publishSoon } from '../../src/reconcile/publisher.ts'
import { addImages, addTenant } from '../support/world.ts'
import { brokenAtRest, brokenNow } from './checks.ts'
import { clients, MOST_CONTAINERS, TENANTS, type ClientDeps } from './clients.ts'
import { faultyCalls, otherHand, stopEngine } from './faults.ts'
import { drained, land, type Land, type Running } from './land.ts'
import { operators } from './operators.ts'
import { randomFrom, type Random } from './random.ts'

export interface Outcome {
  readonly seed: number
  readonly broken: readonly string[]
  readonly trace: readonly string[]
}

const TURNS = 40
const LONGEST_TURN_MS = 8_000
/** All that is repaired only now and then (back-off, a look at how each is set) happens in this time. */
const QUIET_MS = 7 * 60_000
/** After this long without a fault, what has failed for good is started again by its owner. */
const LOOK_MS = 60_000
const WEIGHTS = {
  ask: 50,
  operate: 8,
  exit: 8,
  hand: 8,
  kill: 4,
  'stop-engine': 2,
  'start-engine': 4,
  'silence-edge': 2,
  nothing: 20,
} as const

/** One world from one seed: what happens in it, and what must hold. The same seed is the same world. */
export async function simulate(seed: number, database: string): Promise<Outcome> {
  const world = await newWorld(seed, database)
  const broken = new Set<string>()
  const note = (found: readonly string[]): void => found.forEach((one) => broken.add(one))
  await world.live()
  for (let turn = 0; turn < TURNS && broken.size === 0; turn++) {
    await world.turn()
    note(await world.check(brokenNow))
  }
  if (broken.size === 0) {
    await world.rest()
    note(await world.check(brokenAtRest))
  }
  await world.end()
  return { seed, broken: [...broken], trace: world.trace }
}

async function newWorld(seed: number, database: string) {
  const random = randomFrom(seed)
  const trace: string[] = []
  const ground = await land(database, {
    // A few programs end by themselves, some of them at once.
    program: () => (random.happens(0.1) ? { exits: random.below(2) } : {}),
  })
  const { time, machine, edge } = ground
  const say = (line: string): void => void trace.push(`${time.now().toISOString()} ${line}`)
  const lives = livesOn(ground, { random, say })
  const { tenants, platform, cutOff } = askers({ random, say, now: lives.now })
  let isCalm = false
  machine.intercept = faultyCalls({ random, timers: time, say }, () => !isCalm)
  machine.deliveries = () =>
    isCalm ? 1 : random.weighted({ '0': 5, '1': 90, '2': 5 }) === '0' ? 0 : 1

  const pass = passing(ground, () => lives.settle())

  const deeds: Record<keyof typeof WEIGHTS, () => void> = {
    ask: () => tenants.ask(),
    operate: () => platform.act(),
    exit: () => machine.exit(random.oneOf([...machine.containers.keys()]) ?? '', random.below(2)),
    hand: () => otherHand(machine, { random, say }),
    kill: () => lives.kill('in between'),
    'stop-engine': () => void (machine.down || stopEngine(machine, { random, say })),
    'start-engine': () => machine.startEngine(),
    'silence-edge': () => (edge.answers = false),
    nothing: () => {
      edge.answers = true
      edge.look()
    },
  }

  return {
    trace,
    async live(): Promise<void> {
      const first = await lives.begin()
      await prepare(ground, first)
      await pass(1000)
    },
    async turn(): Promise<void> {
      const deed = random.weighted(WEIGHTS)
      if (deed !== 'nothing' && deed !== 'ask') say(`turn: ${deed}`)
      deeds[deed]()
      await pass(random.below(LONGEST_TURN_MS))
      if (lives.died()) cutOff()
    },
    async check(look: typeof brokenNow): Promise<string[]> {
      const running = lives.now()
      return running ? look({ host: machine, clients: tenants, operators: platform, running }) : []
    },
    async rest(): Promise<void> {
      say('rest: nothing goes wrong any more')
      isCalm = true
      lives.beImmortal()
      machine.startEngine()
      deeds.nothing()
      await pass(LOOK_MS)
      if (lives.died()) cutOff()
      tenants.repeatUnanswered()
      platform.repeat()
      await pass(LOOK_MS)
      await tenants.startFailed()
      await pass(QUIET_MS)
    },
    end: () => lives.end(),
  }
}

/** All who ask for something. */
function askers(deps: ClientDeps) {
  const [tenants, platform] = [clients(deps), operators(deps)]
  const cutOff = (): void => [tenants, platform].forEach((one) => one.cutOff())
  return { tenants, platform, cutOff }
}

/** The clock goes on from alarm to alarm; whatever can happen between two of them has happened. */
function passing({ time }: Land, settle: () => Promise<void>) {
  return async (ms: number): Promise<void> => {
    const endMs = time.now().getTime() + ms
    for (;;) {
      await drained()
      await settle()
      const leftMs = endMs - time.now().getTime()
      if (leftMs <= 0) return
      time.advance(Math.min(leftMs, time.nextInMs ?? leftMs))
    }
  }
}

interface LifeDeps {
  readonly random: Random
  readonly say: (line: string) => void
}

const DEATH_A_POINT = 0.004
const LONGEST_DEATH_MS = 5_000

/** Control planes that come and go. They can die between any two steps. */
function livesOn(ground: Land, { random, say }: LifeDeps) {
  let current: Running | undefined
  let isMortal = true
  let isBeginning = false
  let hasDied = false

  function kill(where: string): void {
    if (!current) return
    say(`life: ends ${where}`)
    const { life, store } = current
    life.isOver = true
    current = undefined
    hasDied = true
    ground.time.after(random.below(LONGEST_DEATH_MS), () => (isBeginning = true))
    // What was open is rolled back before the file is closed.
    void drained().then(() => store.close())
  }

  async function begin(): Promise<Running> {
    say('life: begins')
    const running: Running = await ground.lifeFrom((point) => {
      if (isMortal && current === running && random.happens(DEATH_A_POINT)) kill(`at ${point}`)
    }, say)
    current = running
    running.control.observer.start()
    running.control.nodes.wake('local')
    // As each start of the platform does: the edge may not have heard what the last life wrote.
    publishSoon({ publisher: running.control.routes, log: () => undefined })
    return running
  }

  return {
    begin,
    kill,
    now: () => current,
    /** Whether one has died since this was asked last. */
    died(): boolean {
      const was = hasDied
      hasDied = false
      return was
    },
    /** Begins the next life where its time has come. */
    async settle(): Promise<void> {
      if (!isBeginning) return
      isBeginning = false
      await begin()
      await drained()
    },
    beImmortal: () => (isMortal = false),
    async end(): Promise<void> {
      const last = current
      if (!last) return
      kill('with the world')
      await drained()
      await last.store.close().catch(() => undefined)
    },
  }
}

/** The engine's own network, in which no container of the platform has a place. */
const BRIDGE = {
  name: 'bridge',
  id: '-',
  tenant: '-',
  generation: 1,
  bridge: 'docker0',
  subnet: '172.17.0.0/16',
  gateway: '172.17.0.1',
  engineRange: '172.17.0.0/16',
}

/** What everybody begins with. */
async function prepare({ newId, time, machine }: Land, { store }: Running): Promise<void> {
  const limits: Limits = { containers: MOST_CONTAINERS }
  for (const slug of TENANTS) await addTenant({ store, newId, time }, slug, limits)
  await addImages({ store, host: machine, time })
  const createdAt = time.now()
  machine.networks.set('bridge', {
    instance: 'docker',
    wanted: BRIDGE,
    engineId: 'bridge',
    createdAt,
  })
}
