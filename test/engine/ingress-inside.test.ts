import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage, request } from 'node:http'
import { after, before, test } from 'node:test'
import { updateNetwork } from '../../src/contract/networks.ts'
import { parseCidr } from '../../src/core/cidr.ts'
import { resolverAddress } from '../../src/core/ipam.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'

/** The ingress as containers see it, where their network lets them: at the resolver's address. */

let platform: Platform
let acme: Tenant
let at: { readonly resolver: string; readonly port: number }

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
  const zeta = await newTenant(platform, 'zeta')
  for (const tenant of [acme, zeta]) await tenant.run({ name: 'site', image: DEMO_IMAGE })
  const pool = parseCidr(platform.pool)
  assert.ok(pool)
  at = { resolver: resolverAddress(pool), port: platform.ingress.port }
})

after(async () => {
  await platform?.remove()
})

const open = (ingress: boolean) =>
  acme.api.call(updateNetwork, {
    params: { tenant: 'acme', network: 'default' },
    body: { ingress },
  })

const get = (host: string, target = '/', rest = ''): string =>
  `GET ${target} HTTP/1.1\\r\\nHost: ${host}\\r\\n${rest}\\r\\n`
const LAST = 'Connection: close\\r\\n'

/** The first lines of what a container is answered that sends this over one connection. */
async function answered(requests: string, stays = 0): Promise<string[]> {
  const said = await acme.shell(
    `{ printf '${requests}'; sleep ${stays}; } | timeout 3 nc ${at.resolver} ${at.port} || echo nothing`,
  )
  return said.match(/HTTP\/1\.1 \d+ [A-Za-z ]+|nothing/g) ?? []
}

const [OWN, FOREIGN, UNKNOWN] = [
  'site.acme.cloud.local',
  'site.zeta.cloud.local',
  'none.zeta.cloud.local',
] as const

test('a network whose ingress is closed reaches none', async () => {
  assert.deepEqual(await answered(get(OWN, '/', LAST)), ['nothing'])
})

test('an open one reaches hosts of its own tenant, and of others as little as what does not exist', async () => {
  await open(true)
  assert.deepEqual(await answered(get(OWN, '/', LAST)), ['HTTP/1.1 200 OK'])
  for (const host of [FOREIGN, UNKNOWN]) {
    assert.deepEqual(await answered(get(host, '/', LAST)), ['HTTP/1.1 404 Not Found'], host)
  }
  // RFC 9112 §3.2.2: the target's host is the one that counts.
  const absolute = get(OWN, `http://${FOREIGN}/`, LAST)
  assert.match((await answered(absolute))[0] ?? '', /^HTTP\/1\.1 40[04] /)
  const upgrade =
    'Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n'
  assert.match((await answered(get(FOREIGN, '/ws', upgrade)))[0] ?? '', / 404 /)
  // Who hangs up is not answered what still waits.
  const both = await answered(get(OWN) + get(FOREIGN, '/', LAST), 2)
  assert.deepEqual(both, ['HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found'])
})

test('the host itself reaches all of them', async () => {
  for (const host of [OWN, FOREIGN]) {
    const asked = request({ ...platform.ingress, headers: { host } }).end()
    const [response] = await once(asked, 'response')
    assert.ok(response instanceof IncomingMessage)
    assert.equal(response.statusCode, 200, host)
    response.resume()
  }
})
