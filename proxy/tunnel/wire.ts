import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { closeContent, frameHead, mask, OPCODE } from '../core/websocket-frames.ts'

/** What a tunnel writes to: binary messages of a WebSocket. */
export interface Wire {
  /** As one message; the content may be changed in place. */
  write(head: Buffer, content?: Buffer): void
  /** The peer, or the network, takes no more for now. */
  readonly isFull: boolean
  readonly backlogBytes: number
  pong(content: Buffer): void
  /** Says why, and ends. */
  close(code: number, reason: string): void
}

/** What a client sends has to be masked with a key that nobody can foresee (RFC 6455 §10.3). */
const newKey = (isClient: boolean): Buffer | null => (isClient ? randomBytes(4) : null)

export function socketWire(socket: Socket, isClient: boolean): Wire {
  function send(
    opcode: (typeof OPCODE)[keyof typeof OPCODE],
    head: Buffer,
    content?: Buffer,
  ): void {
    if (!socket.writable) return
    const key = newKey(isClient)
    const length = head.length + (content?.length ?? 0)
    if (key !== null) {
      mask(head, key, 0)
      if (content !== undefined) mask(content, key, head.length)
    }
    const first = Buffer.concat([frameHead(opcode, length, key), head])
    if (content === undefined) return void socket.write(first)
    // Both in one call to the kernel.
    socket.cork()
    socket.write(first)
    socket.write(content)
    socket.uncork()
  }

  return {
    write: (head, content) => send(OPCODE.binary, head, content),
    get isFull() {
      return socket.writableNeedDrain
    },
    get backlogBytes() {
      return socket.writableLength
    },
    pong: (content) => send(OPCODE.pong, Buffer.from(content)),
    close(code, reason) {
      send(OPCODE.close, closeContent(code, reason))
      socket.end()
    },
  }
}
