import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { isToItself } from '../../../proxy/ingress/peer.ts'
import { backend, freePort } from './kit.ts'

const host = '127.0.0.1'

test('isToItself() knows a connection that is its own other end', async (t) => {
  const port = await freePort()
  const lonely = connect({ host, port, localAddress: host, localPort: port })
  t.after(() => lonely.destroy())
  await once(lonely, 'connect')
  assert.equal(isToItself(lonely), true)
})

test('isToItself() is false where somebody listens', async (t) => {
  const { port } = await backend(t, () => undefined)
  const socket = connect({ host, port })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  assert.equal(isToItself(socket), false)
})
