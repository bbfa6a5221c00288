import { WebSocketServer } from 'ws'

/** A backend that sends every message back: `node echo-server.ts <port>`. */
new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: false,
}).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => undefined)
})
