import { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Backend } from './backend.ts'
import { isToItself } from './peer.ts'
import { writeContent, type Content } from './content.ts'
import type { Upstream, UpstreamUser } from './upstream.ts'

const READ_BYTES = 64 * 1024
/**
 * What members send is read into one place, for all of them: nothing is allocated for a read. Node reads when
 * there is something, and hands it on before it reads again; Deno has a read under way all the time, which
 * takes a place for each.
 */
const shared = 'Deno' in globalThis ? null : Buffer.allocUnsafeSlow(READ_BYTES)

/** A connection to a member of HTTP/1.1, which has one request at a time. */
export class UpstreamConnection implements Upstream {
  readonly socket: Socket
  readonly #backend: Backend
  #user: UpstreamUser | null
  #isConnected = false
  #isReused = false
  /** It has a request or a tunnel, and the member is counted as busy with it. */
  #isBusy = true
  restsUntilMs = 0

  constructor(backend: Backend, user: UpstreamUser) {
    this.#backend = backend
    this.#user = user
    backend.begun()
    const { address, port } = backend.member
    const to = { host: address, port: port ?? 0, allowHalfOpen: true, noDelay: true }
    const callback = (size: number, bytes: Uint8Array): boolean => {
      this.#received(Buffer.from(bytes.buffer, bytes.byteOffset, size))
      return true
    }
    this.socket = connect(shared === null ? to : { ...to, onread: { buffer: shared, callback } })
    this.socket.on('connect', () => this.#connected())
    if (shared === null) this.socket.on('data', (bytes) => this.#received(bytes))
    this.socket.on('end', () => this.#ended())
    this.socket.on('drain', () => this.#user?.drained())
    // Every error is followed by `close`, which is where it is handled.
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => this.#lost())
  }

  /** It has served a request before, so the member may have closed it in the meantime. */
  get isReused(): boolean {
    return this.#isReused
  }

  get isFull(): boolean {
    return this.socket.writableNeedDrain
  }

  write(content: Content): void {
    writeContent(this.socket, content)
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  use(user: UpstreamUser): void {
    this.#user = user
    this.#isReused = true
    this.#isBusy = true
    this.#backend.begun()
  }

  /** Hands the events on to another user: a tunnel takes over from an exchange. */
  handOver(user: UpstreamUser): void {
    this.#user = user
  }

  rest(untilMs: number): void {
    this.#user = null
    this.restsUntilMs = untilMs
    this.socket.resume()
  }

  /** It has begun to answer. */
  answered(): void {
    this.#backend.answered()
  }

  release(keepAliveS: number | undefined): void {
    this.#user = null
    this.#backend.keep(this, keepAliveS)
    this.#over()
  }

  destroy(): void {
    this.#user = null
    this.#backend.forget(this)
    this.socket.destroy()
    this.#over()
  }

  /** However it ends, and once. */
  #over(): void {
    if (!this.#isBusy) return
    this.#isBusy = false
    this.#backend.over()
  }

  #connected(): void {
    if (isToItself(this.socket)) return void this.socket.destroy()
    this.#isConnected = true
    this.#backend.reached()
    this.#user?.connected()
  }

  /** Bytes that nobody asked for would be taken for the answer to the next request. */
  #received(bytes: Buffer): void {
    if (this.#user === null) this.destroy()
    else this.#user.received(bytes)
  }

  #ended(): void {
    if (this.#user === null) this.destroy()
    else this.#user.ended()
  }

  #lost(): void {
    const user = this.#user
    this.#user = null
    this.#backend.forget(this)
    this.#over()
    if (user === null) return
    if (this.#isConnected) user.lost()
    else user.connectFailed()
  }
}
