import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/**
 * Turns every question into the same answer and looks at nothing: what the runtime's own datagrams cost.
 * Whoever answers through them costs at least as much.
 */

const port = Number(process.argv[2])
/** One address of the name that was asked for, good for an hour. */
const RECORD = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1])

const socket = createSocket({
  type: 'udp4',
  lookup: (address, _options, done) => done(null, address, 4),
})
socket.on('message', (packet, from) => {
  const end = packet.indexOf(0, 12) + 5
  const answer = Buffer.allocUnsafe(end + RECORD.length)
  packet.copy(answer, 0, 0, end)
  RECORD.copy(answer, end)
  answer.writeUInt16BE(0x8580, 2)
  answer.writeUInt16BE(1, 6)
  answer.writeUInt16BE(0, 10)
  socket.send(answer, from.port, from.address)
})
socket.bind(port, '127.0.0.1', () => {
  createServer().listen(port, '127.0.0.1')
})
