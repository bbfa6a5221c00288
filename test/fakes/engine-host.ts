import assert from 'node:assert/strict'
import { imageReference } from '../../src/core/image-reference.ts'
import {
  EngineAway,
  EngineRefusal,
  type ContainerWanted,
  type EngineContainer,
  type EngineEvent,
  type EngineSettings,
  type ImageFacts,
  type LogRecord,
  type NetworkWanted,
  type PullWanted,
} from '../../src/ports/engine.ts'

/** What the process of a container does when it is started. */
export interface Program {
  readonly lines?: readonly { readonly stream: 'stdout' | 'stderr'; readonly line: string }[]
  /** Ends by itself, at once. */
  readonly exits?: number
  readonly ignoresStopSignal?: boolean
  /** The engine cannot start it: its words. */
  readonly cannotStart?: string
}

/** How a call goes wrong. `lose` does what was asked, and the answer never comes. */
export type Fault = 'away' | 'hang' | 'lose' | { readonly status: number; readonly answer: string }

export interface Call {
  readonly instance: string
  readonly method: string
  readonly name: string
}

export interface HostContainer {
  readonly instance: string
  readonly wanted: ContainerWanted
  readonly engineId: string
  readonly createdAt: Date
  /** What it is called now, which another hand may have changed. */
  name: string
  set: EngineSettings
  /** Where it is to be in each network. */
  readonly addresses: Map<string, string>
  /** The engine's ids of the networks that it was started in: a new one of the same name is another. */
  startedIn: ReadonlyMap<string, string>
  readonly hostPorts: EngineContainer['published']
  readonly log: LogRecord[]
  status: 'created' | 'running' | 'paused' | 'exited'
  startedAt: Date
  exit: NonNullable<EngineContainer['exit']> | undefined
  writtenBytes: number
}

export interface HostNetwork {
  readonly instance: string
  readonly wanted: NetworkWanted
  readonly engineId: string
  readonly createdAt: Date
}

/** A process is there: one that is paused, too. */
export const isUp = ({ status }: Pick<HostContainer, 'status'>): boolean =>
  status === 'running' || status === 'paused'

export interface HostDeps {
  readonly now: () => Date
  readonly program?: (wanted: ContainerWanted) => Program
  /** Answers the facts of an image that a registry has; throws an EngineRefusal in its words. */
  readonly registry?: (wanted: PullWanted) => ImageFacts
  /** Whether the engine has gVisor. */
  readonly sandbox?: boolean
}

const BACKLOG = 256
const LOG_LINES = 100_000
const NEVER = new Date(-62_135_596_800_000)

/**
 * One machine with an engine, in memory. Several engines, one an instance of the platform, can look at
 * it, each seeing its own. Everything a test or a simulation turns is here.
 */
export class EngineHost {
  readonly containers = new Map<string, HostContainer>()
  readonly networks = new Map<string, HostNetwork>()
  readonly images = new Map<string, ImageFacts>()
  /** Every call that was made, for tests that count. */
  readonly calls: Call[] = []
  /** Asked before each call; may wait, which is how a call gets slow. */
  intercept: (call: Call) => Fault | undefined | Promise<Fault | undefined> = () => undefined
  /** How often an event reaches those who listen: engines lose some, and repeat some. */
  deliveries: () => number = () => 1
  readonly deps: HostDeps
  readonly #watchers = new Set<() => void>()
  #events: { readonly instance: string; readonly event: EngineEvent; readonly seq: number }[] = []
  #seq = 0
  #ids = 0
  #down = false

  constructor(deps: HostDeps) {
    this.deps = deps
  }

  /** An image that the engine has, built or loaded, under one name more. */
  addImage(reference: string, facts: ImageFacts): void {
    const name = imageReference(reference)
    assert.ok(name.ok, `"${reference}" names no image`)
    this.images.set(name.normalised, facts)
  }

  get down(): boolean {
    return this.#down
  }

  /** Nobody answers from now on, and streams break off. Containers go on, as with live-restore. */
  stopEngine(): void {
    this.#down = true
    this.changed()
  }

  startEngine(): void {
    this.#down = false
    this.#events = []
    this.changed()
  }

  /** The process of a container ends by itself. */
  exit(name: string, exitCode: number, oomKilled = false): void {
    const container = this.containers.get(name)
    if (!container || !isUp(container)) return
    container.status = 'exited'
    container.exit = {
      exitCode,
      oomKilled,
      error: '',
      startedAt: container.startedAt,
      finishedAt: this.deps.now(),
    }
    if (oomKilled) this.tell(container, 'oom')
    this.tell(container, 'die', exitCode)
  }

  /** The process of a container says something. */
  say(name: string, line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    const log = this.containers.get(name)?.log ?? []
    log.push({ stream, time: this.deps.now(), line })
    assert.ok(log.length <= LOG_LINES, `the log of "${name}" is longer than a test can want`)
    this.changed()
  }

  tell(container: HostContainer, action: string, exitCode?: number): void {
    const { instance, wanted, name } = container
    const event: EngineEvent = {
      kind: 'container',
      action,
      name,
      id: wanted.id,
      time: this.deps.now(),
      ...(exitCode !== undefined && { exitCode }),
    }
    for (let times = this.deliveries(); times > 0; times--) {
      this.#seq += 1
      this.#events = [...this.#events, { instance, event, seq: this.#seq }].slice(-BACKLOG)
    }
    this.changed()
  }

  get lastSeq(): number {
    return this.#seq
  }

  eventsAfter(seq: number, instance: string) {
    return this.#events.filter((entry) => entry.seq > seq && entry.instance === instance)
  }

  newId(): string {
    this.#ids += 1
    return this.#ids.toString(16).padStart(64, '0')
  }

  freePort(): number {
    return 32_768 + ((this.#ids * 32) % 20_000) + [...this.containers.values()].length
  }

  neverStarted(error: string): NonNullable<EngineContainer['exit']> {
    return { exitCode: 128, oomKilled: false, error, startedAt: NEVER, finishedAt: NEVER }
  }

  /** Something is as it was not before: whoever waits looks again. */
  changed(): void {
    for (const wake of this.#watchers) wake()
  }

  /** Settles at the next change, or when the signal ends; never throws. */
  change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => {
      this.#watchers.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    this.#watchers.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    if (signal.aborted) wake()
    return promise
  }

  /** Runs one call through the faults. */
  async call<T>(call: Call, signal: AbortSignal, work: () => T | Promise<T>): Promise<T> {
    this.calls.push(call)
    if (this.calls.length > 100_000) this.calls.splice(0, 50_000)
    const action = `${call.method} "${call.name}"`
    const fault = await this.intercept(call)
    if (signal.aborted) throw new EngineAway(`Cannot ${action}: no answer in time`)
    if (this.#down || fault === 'away') {
      throw new EngineAway(`Cannot ${action}: connection refused`)
    }
    if (fault === 'hang') {
      while (!signal.aborted) await this.change(signal)
      throw new EngineAway(`Cannot ${action}: no answer in time`)
    }
    if (typeof fault === 'object') throw new EngineRefusal(action, fault.status, fault.answer)
    const answer = await work()
    if (fault === 'lose') throw new EngineAway(`Cannot ${action}: the answer broke off`)
    return answer
  }
}
