import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenTunnel } from '../../proxy/link.ts'
import { tunnelsOf } from '../../src/adapters/edge-tunnels.ts'

const tunnel = (id: string): OpenTunnel => ({
  id,
  credential: 'ckaaaaaaaaaaaaaaaa',
  version: 1,
  actor: 'key:ckaaaaaaaaaaaaaaaa',
  tenant: 'aa',
  container: 'container',
  port: 1,
  protocol: 'tcp',
  from: '127.0.0.1',
  since: 1,
})

function world() {
  const tunnels = tunnelsOf<string>()
  const heard: string[] = []
  const listen = (): void =>
    tunnels.listen((news) =>
      heard.push(news.type === 'tunnel-opened' ? `+${news.tunnel.id}` : `-${news.id}`),
    )
  return { tunnels, heard, listen }
}

test('whoever begins to listen is told of what is open already', () => {
  const { tunnels, heard, listen } = world()
  tunnels.heard('ingress-0', { type: 'tunnels', open: [tunnel('a'), tunnel('b')] })
  tunnels.heard('ingress-0', { type: 'tunnel-closed', id: 'a' })
  listen()
  tunnels.heard('ingress-1', { type: 'tunnel-opened', tunnel: tunnel('c') })
  assert.deepEqual(heard, ['+b', '+c'])
  assert.equal(tunnels.peerOf('b'), 'ingress-0')
  assert.equal(tunnels.peerOf('c'), 'ingress-1')
  assert.equal(tunnels.peerOf('a'), undefined)
})

test('the tunnels of a worker that is away count as closed, and come back with it', () => {
  const { tunnels, heard, listen } = world()
  listen()
  tunnels.heard('ingress-0', { type: 'tunnels', open: [tunnel('a')] })
  tunnels.heard('ingress-1', { type: 'tunnels', open: [tunnel('b')] })
  tunnels.lost('ingress-0')
  tunnels.heard('ingress-0', { type: 'tunnels', open: [tunnel('a')] })
  // Said again without having been lost: the list is the whole.
  tunnels.heard('ingress-0', { type: 'tunnels', open: [] })
  assert.deepEqual(heard, ['+a', '+b', '-a', '+a', '-a'])
})
