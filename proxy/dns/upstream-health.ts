import { clearTimeout, setTimeout } from 'node:timers'
import type { Log } from '../../src/log.ts'
import { encodeQuestion } from '../core/dns-message.ts'
import { below, nameText, ROOT, type NameKey } from '../core/dns-name.ts'
import type { Endpoint } from '../core/dns-resolvers.ts'
import { TYPE } from '../core/dns-wire.ts'
import { deadline } from './deadline.ts'
import type { Exchange } from './exchange.ts'

/** A packet may get lost; two in a row are somebody who is not there. */
const FAILURES_MAX = 2
/** Whoever is not there is asked again after that, and then after twice as long each time. */
const FIRST_PROBE_MS = 500
const LAST_PROBE_MS = 16_000
const PROBE_WAIT_MS = 2_000
/** After that it is tried again whether a resolver asks us what we ask it. */
const LOOP_LOOK_MS = 5 * 60_000
/** resolv.conf may change for years. */
const SERVERS_MAX = 64

export interface HealthDeps {
  readonly log: Log
  readonly now: () => number
  readonly randomId: () => number
  readonly exchange: Exchange
}

interface State {
  readonly server: Endpoint
  failures: number
  isDown: boolean
  isLoop: boolean
  lookedAt: number
  /** The name that leads back to us if this server asks us. */
  probe: NameKey
  timer: NodeJS.Timeout | undefined
}

/** Who of the resolvers is there, and who would only ask us in turn. */
export class UpstreamHealth {
  readonly #deps: HealthDeps
  readonly #states = new Map<string, State>()
  readonly #stop = new AbortController()

  constructor(deps: HealthDeps) {
    this.#deps = deps
  }

  /** Those who are there in the order given, then the others; without those who lead back to us. */
  usable(servers: readonly Endpoint[]): Endpoint[] {
    const known = servers.map((one) => this.#stateOf(one)).filter(({ isLoop }) => !isLoop)
    const there = known.filter(({ isDown }) => !isDown)
    return [...there, ...known.filter(({ isDown }) => isDown)].map(({ server }) => server)
  }

  #stateOf(server: Endpoint): State {
    const text = textOf(server)
    const known = this.#states.get(text)
    const lookedAt = this.#deps.now()
    if (known && lookedAt - known.lookedAt < LOOP_LOOK_MS) return known
    const fresh = { failures: 0, isDown: false, timer: undefined }
    const probe = this.#probeName()
    const state = { ...fresh, ...known, server, isLoop: false, lookedAt, probe }
    clearTimeout(known?.timer)
    this.#states.delete(text)
    this.#states.set(text, state)
    if (state.isDown) this.#later(state, FIRST_PROBE_MS)
    const [oldest] = this.#states
    if (this.#states.size > SERVERS_MAX && oldest !== undefined) {
      clearTimeout(oldest[1].timer)
      this.#states.delete(oldest[0])
    }
    void this.#ask(state, state.probe)
    return state
  }

  /** Four random labels: nobody else asks for that. */
  #probeName(): NameKey {
    const labels = Array.from({ length: 4 }, () => this.#deps.randomId().toString(16))
    return labels.reduce((key, label) => below(label, key), ROOT)
  }

  /** Whether somebody asks us what we have asked a resolver: then it is one that leads back to us. */
  isProbe(key: NameKey): boolean {
    const state = [...this.#states.values()].find((one) => one.probe === key)
    if (state === undefined) return false
    if (!state.isLoop) {
      const facts = { resolver: textOf(state.server), probe: nameText(key) }
      this.#deps.log('error', 'A resolver asks us what we ask it, and is left out', facts)
    }
    state.isLoop = true
    return true
  }

  /** What came of asking a server. */
  note(server: Endpoint, isThere: boolean): void {
    const state = this.#stateOf(server)
    state.failures = isThere ? 0 : state.failures + 1
    if (isThere) this.#isBack(state)
    else if (state.failures >= FAILURES_MAX && !state.isDown) {
      this.#deps.log('warn', 'A resolver does not answer', { resolver: textOf(server) })
      state.isDown = true
      this.#later(state, FIRST_PROBE_MS)
    }
  }

  #isBack(state: State): void {
    if (!state.isDown) return
    this.#deps.log('info', 'A resolver answers again', { resolver: textOf(state.server) })
    state.isDown = false
    clearTimeout(state.timer)
  }

  #later(state: State, ms: number): void {
    if (this.#stop.signal.aborted) return
    state.timer = setTimeout(() => void this.#probe(state, ms), ms).unref()
  }

  async #probe(state: State, ms: number): Promise<void> {
    const isThere = await this.#ask(state, ROOT)
    if (isThere) this.note(state.server, true)
    else if (state.isDown) this.#later(state, Math.min(ms * 2, LAST_PROBE_MS))
  }

  async #ask({ server }: State, key: NameKey): Promise<boolean> {
    const type = key === ROOT ? TYPE.NS : TYPE.TXT
    const flags = { recursion: true, checkingDisabled: false, edns: null }
    const query = encodeQuestion({ id: this.#deps.randomId(), key, type, ...flags })
    using one = deadline(PROBE_WAIT_MS, this.#stop.signal)
    return (await this.#deps.exchange(server, query, one.signal)) !== null
  }

  down(): string[] {
    return this.#namesOf(({ isDown }) => isDown)
  }

  looping(): string[] {
    return this.#namesOf(({ isLoop }) => isLoop)
  }

  close(): void {
    this.#stop.abort()
    for (const { timer } of this.#states.values()) clearTimeout(timer)
  }

  #namesOf(wanted: (state: State) => boolean): string[] {
    return [...this.#states.values()].filter(wanted).map(({ server }) => textOf(server))
  }
}

const textOf = ({ host, port }: Endpoint): string => `${host} ${port}`
