import { createHash } from 'node:crypto'

/**
 * As much of RFC 6455 as a demo needs: text both ways, ping, close, fragments, and a refusal of
 * whatever the protocol forbids.
 */

// RFC 6455 §1.3: the value every server appends, so that no other protocol answers by accident.
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }
const CLOSE = { normal: 1000, away: 1001, protocol: 1002, refused: 1003, utf8: 1007, large: 1009 }
const MESSAGE_BYTES = 64 * 1024
const CLOSE_MS = 2000

/**
 * @typedef {object} Peer
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close
 *
 * @typedef {object} Listener
 * @property {(peer: Peer, text: string) => void} onText
 * @property {() => void} onEnd
 */

/**
 * Answers an upgrade, or refuses it with a status of HTTP.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {{ socket: import('node:stream').Duplex, head: Buffer }} connection with the bytes that
 *   came behind the request's head
 * @param {Listener} listener
 * @returns {Peer | undefined}
 */
export function accept(request, { socket, head }, listener) {
  const key = request.headers['sec-websocket-key'] ?? ''
  const upgrade = (request.headers.upgrade ?? '').toLowerCase()
  const wellFormed = request.method === 'GET' && upgrade === 'websocket'
  if (!wellFormed || Buffer.from(key, 'base64').length !== 16) {
    refuse(socket, '400 Bad Request')
    return undefined
  }
  if (request.headers['sec-websocket-version'] !== '13') {
    refuse(socket, '426 Upgrade Required\r\nSec-WebSocket-Version: 13')
    return undefined
  }
  const proof = createHash('sha1')
    .update(key + GUID)
    .digest('base64')
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${proof}\r\n\r\n`,
  )
  return converse(socket, head, listener)
}

/** @param {import('node:stream').Duplex} socket @param {string} status */
function refuse(socket, status) {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/**
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} head
 * @param {Listener} listener
 * @returns {Peer}
 */
function converse(socket, head, listener) {
  let pending = head
  let message = Buffer.alloc(0)
  let inMessage = false
  let closing = false
  const peer = {
    send: (/** @type {string} */ text) => write(OPCODE.text, Buffer.from(text)),
    close: (code = CLOSE.normal) => {
      const body = Buffer.alloc(2)
      body.writeUInt16BE(code)
      write(OPCODE.close, body)
      closing = true
      socket.end()
      // A peer that never answers must not keep the connection.
      setTimeout(() => socket.destroy(), CLOSE_MS).unref()
    },
  }

  socket.on('data', (/** @type {Buffer} */ chunk) => {
    pending = Buffer.concat([pending, chunk])
    readAll()
  })
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('close', listener.onEnd)
  readAll()
  return peer

  function write(/** @type {number} */ opcode, /** @type {Buffer} */ body) {
    if (!closing && socket.writable) socket.write(frame(opcode, body))
  }

  function readAll() {
    for (let next = readFrame(pending); next !== 'more'; next = readFrame(pending)) {
      if (closing) return
      if (typeof next === 'number') return peer.close(next)
      pending = pending.subarray(next.size)
      handle(next)
    }
  }

  function handle(/** @type {Frame} */ { opcode, final, body }) {
    if (opcode === OPCODE.ping) return write(OPCODE.pong, body)
    if (opcode === OPCODE.pong) return
    if (opcode === OPCODE.close) return peer.close(CLOSE.normal)
    if (opcode === OPCODE.binary) return peer.close(CLOSE.refused)
    // RFC 6455 §5.4: a continuation only inside a message, a new message only outside of one.
    if ((opcode === OPCODE.continuation) !== inMessage) return peer.close(CLOSE.protocol)
    message = Buffer.concat([message, body])
    if (message.length > MESSAGE_BYTES) return peer.close(CLOSE.large)
    inMessage = !final
    if (inMessage) return
    const text = decoded(message)
    message = Buffer.alloc(0)
    if (text === undefined) return peer.close(CLOSE.utf8)
    listener.onText(peer, text)
  }
}

/**
 * @typedef {{ opcode: number, final: boolean, body: Buffer, size: number }} Frame
 */

/**
 * The first frame of a buffer, `more` when it is not whole yet, or the code to close with.
 *
 * @param {Buffer} bytes
 * @returns {Frame | 'more' | number}
 */
export function readFrame(bytes) {
  if (bytes.length < 2) return 'more'
  const [first = 0, second = 0] = bytes
  const opcode = first & 0x0f
  const final = (first & 0x80) !== 0
  const control = opcode >= OPCODE.close
  const short = second & 0x7f
  const known = Object.values(OPCODE).includes(opcode)
  // RFC 6455 §5.1, §5.2, §5.5: clients mask, reserved bits are zero, control frames are small and whole.
  const masked = (second & 0x80) !== 0
  if (!known || !masked || (first & 0x70) !== 0) return CLOSE.protocol
  if (control && (!final || short > 125)) return CLOSE.protocol

  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + lengthBytes + 4
  if (bytes.length < start) return 'more'
  const length = lengthOf(bytes, short)
  if (length > MESSAGE_BYTES) return CLOSE.large
  if (bytes.length < start + length) return 'more'
  const mask = bytes.subarray(start - 4, start)
  const body = Buffer.from(bytes.subarray(start, start + length))
  for (let i = 0; i < length; i += 1) body[i] = (body[i] ?? 0) ^ (mask[i % 4] ?? 0)
  return { opcode, final, body, size: start + length }
}

/** @param {Buffer} bytes @param {number} short */
function lengthOf(bytes, short) {
  if (short === 126) return bytes.readUInt16BE(2)
  return short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
}

/** A whole frame of a server, which is never masked. */
export function frame(/** @type {number} */ opcode, /** @type {Buffer} */ body) {
  const long = body.length > 65_535
  const head = Buffer.alloc(body.length < 126 ? 2 : long ? 10 : 4)
  head[0] = 0x80 | opcode
  head[1] = body.length < 126 ? body.length : long ? 127 : 126
  if (head.length === 4) head.writeUInt16BE(body.length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2)
  return Buffer.concat([head, body])
}

/** @param {Buffer} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Not UTF-8, which the caller answers with its own code.
    return undefined
  }
}
