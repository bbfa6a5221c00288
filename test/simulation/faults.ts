import type { Timers } from '../../src/ports/timers.ts'
import * as engine from '../fakes/engine-changes.ts'
import type { Call, EngineHost, Fault, HostContainer } from '../fakes/engine-host.ts'
import type { Random } from './random.ts'

const FAULT_WEIGHTS = { none: 100, away: 2, lose: 3, hang: 1, trouble: 2, conflict: 1 } as const
const LONGEST_LATENCY_MS = 300
const FAULTS = {
  none: undefined,
  away: 'away',
  lose: 'lose',
  hang: 'hang',
  trouble: { status: 500, answer: 'the engine is in trouble' },
  conflict: { status: 409, answer: 'something else is under way' },
} as const satisfies Record<keyof typeof FAULT_WEIGHTS, Fault | undefined>

/** Each call takes its time, and now and then goes wrong. */
export function faultyCalls(
  { random, timers, say }: FaultDeps,
  isOn: () => boolean,
): (call: Call) => Promise<Fault | undefined> {
  return async ({ method, name }) => {
    const kind = isOn() ? random.weighted(FAULT_WEIGHTS) : 'none'
    const ms = isOn() ? 1 + random.below(LONGEST_LATENCY_MS) : 1
    await new Promise<void>((resolve) => timers.after(ms, resolve))
    say(`engine: ${method} ${name}${kind === 'none' ? '' : ` (${kind})`}`)
    return FAULTS[kind]
  }
}

interface FaultDeps {
  readonly random: Random
  readonly timers: Timers
  readonly say: (line: string) => void
}

const HAND_WEIGHTS = {
  remove: 3,
  stop: 2,
  pause: 2,
  rename: 2,
  update: 2,
  disconnect: 2,
  connect: 1,
  'remove-network': 1,
  replace: 1,
} as const

/** Somebody else on the machine, who has no idea what Cloudlet is. */
export function otherHand(host: EngineHost, { random, say }: Omit<FaultDeps, 'timers'>): void {
  const victim = random.oneOf([...host.containers.values()])
  const deed = random.weighted(HAND_WEIGHTS)
  if (!victim) return
  say(`hand: ${deed} ${victim.name}`)
  try {
    DEEDS[deed](host, victim)
  } catch (error) {
    say(`hand: was refused: ${String(error)}`)
  }
}

const DEEDS: Record<keyof typeof HAND_WEIGHTS, (host: EngineHost, victim: HostContainer) => void> =
  {
    remove: (host, { name }) => engine.remove(host, name),
    stop: (host, { name }) => engine.stop(host, name),
    pause: (host, { name }) => engine.pause(host, name),
    rename: (host, { engineId }) => engine.rename(host, engineId, `by-hand-${engineId.slice(-6)}`),
    update: (host, { name }) => engine.update(host, name, { memoryBytes: 1, restart: 'always' }),
    disconnect: (host, { name, wanted }) => engine.disconnect(host, name, wanted.network),
    connect: (host, { name }) =>
      engine.connect(host, name, { network: 'bridge', address: name, mac: '' }),
    'remove-network': (host, { wanted: { network } }) => {
      for (const { name } of host.containers.values()) engine.disconnect(host, name, network)
      engine.removeNetwork(host, network)
    },
    replace(host, { name, wanted, instance }) {
      engine.remove(host, name)
      engine.create(host, instance, { ...wanted, spec: '1-another' })
    },
  }

/** An engine goes away, with its containers or without them, and comes back. */
export function stopEngine(host: EngineHost, { random, say }: Omit<FaultDeps, 'timers'>): void {
  const takesAll = random.happens(0.5)
  say(`engine: stops${takesAll ? ', and everything that runs with it' : ''}`)
  host.stopEngine()
  if (!takesAll) return
  for (const { name } of host.containers.values()) host.exit(name, 137)
}
