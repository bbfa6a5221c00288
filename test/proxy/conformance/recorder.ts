import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { rawBackend } from '../ingress/kit.ts'
import { readRequest } from './canonical.ts'
import type { CanonicalRequest } from './canonical.ts'

/** A member that keeps each byte it is sent, holds it against the RFC, and answers whole requests. */
export interface Recorder {
  readonly port: number
  /** Since the last `forget`. */
  readonly requests: readonly CanonicalRequest[]
  readonly violations: readonly string[]
  /** How many bytes have come since then. */
  readonly bytes: () => number
  readonly forget: () => void
}

/** A handshake to here is accepted; what follows is sent back as it came. */
export const SOCKET_PATH = '/socket'

export async function recorder(t: TestContext): Promise<Recorder> {
  const requests: CanonicalRequest[] = []
  const violations: string[] = []
  let bytes = 0
  const { port } = await rawBackend(t, (socket) => {
    const connection = new Recorded(socket, requests)
    socket.on('data', (piece) => {
      bytes += piece.length
      try {
        connection.received(piece.toString('latin1'))
      } catch (error) {
        violations.push(String(error))
        socket.destroy()
      }
    })
    socket.on('end', () => socket.end())
  })
  const forget = (): void => {
    requests.length = 0
    violations.length = 0
    bytes = 0
  }
  return { port, requests, violations, bytes: () => bytes, forget }
}

class Recorded {
  readonly #socket: Socket
  readonly #requests: CanonicalRequest[]
  #text = ''
  #isContinued = false
  #isTunnel = false

  constructor(socket: Socket, requests: CanonicalRequest[]) {
    this.#socket = socket
    this.#requests = requests
  }

  received(piece: string): void {
    if (this.#isTunnel) {
      this.#socket.write(piece, 'latin1')
      return
    }
    this.#text += piece
    this.#continueIfAsked()
    const read = readRequest(this.#text, 0)
    if (read === null) return
    // Whoever asks on before it is answered could not tell whose answer comes (RFC 9112 §9.3.2).
    assert.equal(read.end, this.#text.length, 'nothing follows a request before its answer')
    this.#text = ''
    this.#isContinued = false
    this.#requests.push(read.message)
    this.#answer(read.message)
  }

  #continueIfAsked(): void {
    const head = this.#text.split('\r\n\r\n')
    if (this.#isContinued || head.length < 2 || !/\r\nexpect:/i.test(head[0] ?? '')) return
    this.#isContinued = true
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n')
  }

  #answer({ asked, isUpgrade }: CanonicalRequest): void {
    const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n'
    this.#isTunnel = isUpgrade && asked.endsWith(SOCKET_PATH)
    if (this.#isTunnel) {
      this.#socket.write(`${accepted}Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n`)
      return
    }
    const length = `HTTP/1.1 200 OK\r\nContent-Length: ${asked.length}\r\n\r\n`
    this.#socket.write(asked.startsWith('HEAD ') ? length : length + asked)
  }
}
