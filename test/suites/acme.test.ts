import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { freePort } from '../../bench/api/processes.ts'
import { acmeProcess } from '../../src/adapters/acme-process.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import type { CustomHost } from '../../src/core/custom-host.ts'
import type { NewEvent } from '../../src/core/event.ts'
import type { PublicAuthority } from '../../src/ports/public-authority.ts'
import { certificateKeeper } from '../../src/reconcile/certificates.ts'
import { publicCertificateKeeper } from '../../src/reconcile/public-certificates.ts'
import { thisRuntime } from '../../src/supervisor/runtime.ts'
import { secureWorld } from '../proxy/ingress/tls-kit.ts'
import { pebble } from '../support/pebble.ts'
import { world } from '../support/world.ts'

const HOST = 'shop.example.org'
const [MINUTE_MS, DAY_MS] = [60_000, 24 * 3600_000]

interface Wanted {
  /** Where Pebble looks for HTTP-01, if not at the ingress. */
  readonly httpPort?: number
}

/** The ingress, and what of the control plane gets certificates, beside an authority that looks at it. */
async function house(t: TestContext, wanted: Wanted = {}) {
  const { edge: proxy, port, securePort } = await secureWorld(t)
  const authority = await pebble(t, {
    hosts: [HOST],
    httpPort: wanted.httpPort ?? port,
    tlsPort: securePort,
  })
  const at = await world()
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-acme-'))
  t.after(async () => {
    rmSync(folder, { recursive: true })
    await at[Symbol.asyncDispose]()
  })
  const keyRing = await openKeyRing({ path: join(folder, 'keys.json'), databaseHasKeys: false })
  const { directory, caFile } = authority
  const hosts = async (): Promise<CustomHost[]> => [{ host: HOST, tenantId: null }]
  const time = { aheadMs: 0 }
  const clock = { now: () => new Date(Date.now() + time.aheadMs) }
  const common = { store: at.store, clock, keyRing, log: () => undefined }
  const own = certificateKeeper({
    ...common,
    authority: x509Authority(),
    edge: { secure: (tls) => proxy.update({ tls }) },
    instance: 'i1',
    domains: ['cloud.local'],
    customHosts: hosts,
  })
  await own.keep()
  const events: NewEvent[] = []
  const command = thisRuntime().command('src/certify.ts')
  const acme = acmeProcess(command, { directory, email: 'ops@example.org', caFile })
  /** One life of the control plane. */
  const keeper = (by: PublicAuthority = acme) =>
    publicCertificateKeeper({
      ...common,
      authority: by,
      directory,
      edge: { challenge: async (challenges) => proxy.update({ challenges }) },
      hosts,
      record: async (_q, event) => void events.push(event),
      changed: () => undefined,
    })
  return { acme, authority, events, keeper, own, proxy, securePort, time }
}

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

test('a host is certified by HTTP-01, in place of the own authority, and renewed before it ends', async (t) => {
  const { authority, events, keeper, own, securePort, time } = await house(t)
  const { keep } = keeper()
  await served(securePort, await own.authority())
  await keep()
  await own.changed()
  assert.deepEqual(
    events.map(({ message }) => message.replace(/until .*/, '')),
    [`The certificate of ${HOST} was issued; it is good `],
  )
  const root = await authority.root()
  const first = await served(securePort, root)
  await assert.rejects(served(securePort, await own.authority()))

  // Pebble's are good for five years.
  time.aheadMs = 4 * 365 * DAY_MS
  await keep()
  await own.changed()
  assert.match(events.at(-1)?.message ?? '', /was renewed/)
  assert.notEqual(await served(securePort, root), first)
})

test('where HTTP-01 fails there is a pause, and then TLS-ALPN-01', async (t) => {
  const { authority, events, keeper, own, securePort, time } = await house(t, {
    httpPort: await freePort(),
  })
  const { keep } = keeper()
  await keep()
  assert.equal(events.at(-1)?.action, 'certificate.failed')
  assert.match(events.at(-1)?.message ?? '', /refused/)
  await keep()
  assert.equal(events.length, 1)
  time.aheadMs = 16 * MINUTE_MS
  await keep()
  assert.equal(events.at(-1)?.action, 'certificate.issued')
  await own.changed()
  assert.ok(await served(securePort, await authority.root()))
})

test('a control plane that ends in the middle of an order is followed by one that goes on with it', async (t) => {
  const { acme, authority, events, keeper, proxy } = await house(t)
  let begun = 0
  const dying: PublicAuthority = {
    ...acme,
    begin: (account, asked) => {
      begun += 1
      return acme.begin(account, asked)
    },
    advance: () => Promise.reject(new Error('the process was killed')),
  }
  await keeper(dying).keep()
  assert.deepEqual([begun, events.length], [1, 0])
  proxy.update({ challenges: [] })
  await keeper({ ...dying, advance: (account, order) => acme.advance(account, order) }).keep()
  assert.deepEqual([begun, events.at(-1)?.action], [1, 'certificate.issued'])
  const orders = authority.said().match(/Added order "[^"]+"/g)
  assert.equal(orders?.length, 1)
})

test('an authority that is not trusted, or not there, is no reason to end', async (t) => {
  const { acme, authority, keeper, events } = await house(t)
  const command = thisRuntime().command('src/certify.ts')
  const untrusting = acmeProcess(command, { directory: authority.directory })
  const account = await acme.newAccount()
  const asked = { host: HOST, method: 'http-01', at: Date.now() } as const
  await assert.rejects(untrusting.begin(account, asked), /Cannot speak with .*certificate/s)
  await keeper(untrusting).keep()
  assert.deepEqual(events, [])
})
