import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { freePort } from '../../bench/api/processes.ts'
import { listEvents } from '../../src/contract/events.ts'
import { pebble } from '../support/pebble.ts'
import { startPlatform } from '../support/platform.ts'
import { until } from '../support/wait.ts'

const HOST = 'api.example.com'
const LONG_MS = 60_000

/** Serial of what the ingress shows for the host, which that root must vouch for. */
async function served(port: number, ca: string): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.serialNumber
  } finally {
    socket.destroy()
  }
}

test('a platform gets its API certified by itself, over real workers, and once', async (t) => {
  const [httpPort, tlsPort] = [await freePort(), await freePort()]
  const authority = await pebble(t, { hosts: [HOST], httpPort, tlsPort })
  const platform = await startPlatform({
    CLOUDLET_DEMO: '0',
    CLOUDLET_API_HOST: HOST,
    CLOUDLET_INGRESS_HTTP_ADDRESS: `127.0.0.1:${httpPort}`,
    CLOUDLET_INGRESS_HTTPS_ADDRESS: `127.0.0.1:${tlsPort}`,
    CLOUDLET_INGRESS_WORKERS: '2',
    CLOUDLET_ACME_DIRECTORY: authority.directory,
    CLOUDLET_ACME_EMAIL: 'ops@example.com',
    CLOUDLET_ACME_CA_FILE: authority.caFile,
  })
  t.after(() => platform.remove())
  const root = await authority.root()
  const serial = await until('Pebble vouches for it', () => served(tlsPort, root), LONG_MS)
  const query = { action: 'certificate.' }
  const { items } = await platform.api.call(listEvents, { query })
  assert.deepEqual(
    items.map(({ action, target }) => [action, target.name]),
    [['certificate.issued', HOST]],
  )
  await platform.kill('control-plane')
  const isBack = () => platform.api.call(listEvents, { query }).then(() => true)
  await until('the control plane is there again', isBack, LONG_MS)
  assert.equal(await served(tlsPort, root), serial)
  assert.equal(authority.said().match(/Added order/g)?.length, 1)
})
