import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ApiFront } from '../../proxy/core/api-front.ts'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import type { CustomHost } from '../../src/core/custom-host.ts'
import { certificateKeeper } from '../../src/reconcile/certificates.ts'
import { FakeAuthority } from '../fakes/certificate-authority.ts'
import { world } from '../support/world.ts'

const DAY_MS = 24 * 3600_000

async function house(...tenants: readonly string[]) {
  const at = await world()
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-certificates-'))
  const keyRing = await openKeyRing({ path: join(folder, 'keys.json'), databaseHasKeys: false })
  const { store, time: clock } = at
  const authority = new FakeAuthority()
  const told: TlsSettings[] = []
  const edge = { secure: (settings: TlsSettings) => void told.push(settings) }
  const custom: CustomHost[] = []
  const customHosts = async () => custom
  const common = { store, clock, keyRing, authority, edge, log: () => undefined }
  const deps = { ...common, instance: 'i1', customHosts }
  for (const slug of tenants) await at.addTenant(slug)
  return {
    authority,
    custom,
    told,
    clock,
    keeper: (domains = ['cloud.local', 'localhost'], api?: ApiFront) =>
      certificateKeeper({ ...deps, domains, api }),
    rows: () => store.read.certificates.all(),
    async [Symbol.asyncDispose](): Promise<void> {
      rmSync(folder, { recursive: true })
      await at[Symbol.asyncDispose]()
    },
  }
}

const namesOf = (settings: TlsSettings | undefined): string[] =>
  (settings?.certificates ?? []).map(({ names }) => names.join(' ')).toSorted()

test('each tenant has one certificate for all of its apps, made once', async () => {
  await using at = await house('acme', 'other')
  const { keep } = at.keeper()
  await keep()
  await keep()
  const acme = '*.acme.cloud.local *.acme.localhost'
  const other = '*.other.cloud.local *.other.localhost'
  assert.deepEqual(namesOf(at.told[0]), [acme, other])
  assert.equal(at.told.length, 1)
  assert.equal(at.authority.issued.length, 2)
  assert.ok(at.told[0]?.certificates.every(({ chain, key }) => key === `key of ${chain}`))
})

test('the API has a certificate of its own as long as it has a name, and the workers hear where it is', async () => {
  await using at = await house('acme')
  const [host, domains] = ['api.example.com', ['cloud.local']]
  const mark = 'a mark that nobody guesses'
  const api = { host, origin: `https://${host}`, address: '127.0.0.1', port: 7070, mark }
  await at.keeper(domains, api).keep()
  assert.deepEqual(namesOf(at.told[0]), ['*.acme.cloud.local', host])
  assert.deepEqual(at.told[0]?.api, api)
  const moved = { ...api, host: 'cloud.example.com' }
  await at.keeper(domains, moved).keep()
  assert.deepEqual(namesOf(at.told[1]), ['*.acme.cloud.local', 'cloud.example.com'])
  await at.keeper(domains).keep()
  assert.deepEqual(namesOf(at.told[2]), ['*.acme.cloud.local'])
  assert.equal(at.told[2]?.api, undefined)
  assert.deepEqual((await at.rows()).map(({ subject }) => subject).toSorted(), [
    'authority',
    'tenant:acme',
  ])
})

test('a new life of the control plane makes no other authority and no other certificates', async () => {
  await using at = await house('acme')
  await at.keeper().keep()
  const next = at.keeper()
  await next.keep()
  assert.deepEqual([at.authority.created, at.authority.issued.length], [1, 1])
  assert.deepEqual(at.told[1], at.told[0])
  assert.match(await next.authority(), /^authority Cloudlet/)
})

test('the database holds no key that can be read', async () => {
  await using at = await house('acme')
  await at.keeper().keep()
  const all = await at.rows()
  assert.ok(all.length >= 2)
  assert.ok(
    all.every(({ sealedKey, certificate }) => !sealedKey.includes(certificate.slice(0, 12))),
  )
  assert.ok(all.every(({ sealedKey }) => !sealedKey.includes('key of')))
})

test('a certificate is renewed when a third of its life is left, and not before', async () => {
  await using at = await house('acme')
  const { keep } = at.keeper()
  await keep()
  at.clock.advance(59 * DAY_MS)
  await keep()
  assert.equal(at.authority.issued.length, 1)
  at.clock.advance(2 * DAY_MS)
  await keep()
  assert.equal(at.authority.issued.length, 2)
})

test('another domain means another certificate', async () => {
  await using at = await house('acme')
  await at.keeper().keep()
  await at.keeper(['example.org', 'localhost']).keep()
  assert.deepEqual(namesOf(at.told.at(-1)), ['*.acme.example.org *.acme.localhost'])
})

test('sessions begun on one day are not opened with the key of another', async () => {
  await using at = await house('acme')
  const { keep } = at.keeper()
  await keep()
  at.clock.advance(DAY_MS)
  await keep()
  const keys = at.told.map(({ ticketKeys }) => ticketKeys)
  assert.equal(new Set(keys).size, 2)
  assert.ok(keys.every((key) => Buffer.from(key, 'base64url').length === 48))
})

test('what could not be made is made the next time', async () => {
  await using at = await house('acme')
  at.authority.fails = new Error('no entropy')
  const { keep } = at.keeper()
  await assert.rejects(keep(), /no entropy/)
  await keep()
  assert.equal(at.told.length, 0)
  at.clock.advance(30_000)
  await keep()
  assert.equal(namesOf(at.told.at(-1)).length, 1)
})

test('a custom host has a certificate of the own authority, as long as it is one', async () => {
  await using at = await house('acme')
  const { keep } = at.keeper(['cloud.local'])
  at.custom.push({ host: 'shop.example.org', tenantId: null })
  await keep()
  assert.deepEqual(namesOf(at.told.at(-1)), ['*.acme.cloud.local', 'shop.example.org'])
  at.custom.length = 0
  await keep()
  assert.deepEqual(namesOf(at.told.at(-1)), ['*.acme.cloud.local'])
})
