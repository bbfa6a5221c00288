import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import { certificateReader as reader } from '../../src/adapters/certificate-reader.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import type { CustomHost } from '../../src/core/custom-host.ts'
import type { NewEvent } from '../../src/core/event.ts'
import { certificateKeeper } from '../../src/reconcile/certificates.ts'
import { warnOfEnds } from '../../src/reconcile/tenant-certificates.ts'
import { certificateService } from '../../src/services/certificates.ts'
import { FakeAuthority } from '../fakes/certificate-authority.ts'
import { world } from '../support/world.ts'

const DAY_MS = 24 * 3600_000
const domains = ['cloud.local', 'localhost']
const authority = x509Authority()

/** The service, and the keeper that tells the edge. */
async function house() {
  const at = await world()
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-brought-'))
  const keyRing = await openKeyRing({ path: join(folder, 'keys.json'), databaseHasKeys: false })
  const { store, time: clock } = at
  const ids = new Map<string, string>()
  for (const slug of ['acme', 'other']) ids.set(slug, (await at.addTenant(slug)).id)
  const custom: CustomHost[] = []
  const customHosts = async () => custom
  const told: TlsSettings[] = []
  const common = { store, clock, keyRing, domains, customHosts }
  const keeper = certificateKeeper({
    ...common,
    authority: new FakeAuthority(),
    edge: { secure: (settings) => void told.push(settings) },
    log: () => undefined,
    instance: 'i1',
  })
  const entries: string[] = []
  const audit = {
    accepted: async (_q: unknown, _actor: unknown, { action }: { action: string }) =>
      void entries.push(action),
  }
  let changes = 0
  const changed = (): void => void (changes += 1)
  const service = certificateService({ store, clock, keyRing, domains, audit, reader, changed })
  const events: NewEvent[] = []
  const warn = () =>
    warnOfEnds({ store, clock, record: async (_q, event) => void events.push(event) })
  const signer = await authority.create('Some authority', clock.now().getTime())
  return {
    clock,
    custom,
    entries,
    events,
    ids,
    keeper,
    service,
    store,
    told,
    warn,
    changes: () => changes,
    async made(...names: string[]) {
      const [made] = await authority.issue(signer, [names], clock.now().getTime())
      assert.ok(made)
      return { chain: made.chain, key: made.key }
    },
    /** Whoever had the domain before has it no more. */
    async claim(slug: string, provedAt: number | null): Promise<void> {
      const id = 'd000000000000000'
      const [tenantId, name] = [ids.get(slug) ?? '', 'example.org']
      const proof = provedAt === null ? null : ('dns' as const)
      const row = { id, tenantId, name, subdomains: 1, token: 't', proof, provedAt }
      await store.write(async (q) => {
        await q.domains.remove(id)
        await q.domains.insert({ ...row, expiresAt: null, createdAt: 1 })
      })
    },
    /** What the edge shows for that name by exactly it; the last counts. */
    async served(name: string): Promise<string | undefined> {
      await keeper.changed()
      return told.at(-1)?.certificates.findLast(({ names }) => names.includes(name))?.chain
    },
    async [Symbol.asyncDispose](): Promise<void> {
      rmSync(folder, { recursive: true })
      await at[Symbol.asyncDispose]()
    },
  }
}

const asking = (tenant: string, certificate = 'shop') => ({ tenant, certificate, actor: PLATFORM })

test("a certificate that a tenant brings is served in place of the platform's, until it is deleted", async () => {
  await using at = await house()
  const name = '*.acme.cloud.local'
  const before = await at.served(name)
  const brought = await at.made(name)
  const answer = await at.service.put(asking('acme'), brought)
  assert.deepEqual(answer.names, [name])
  assert.ok(!JSON.stringify(answer).includes('PRIVATE'))
  assert.equal(await at.served(name), brought.chain)
  assert.deepEqual(await at.service.list('acme'), { items: [answer] })
  assert.deepEqual(await at.service.get('acme', 'shop'), answer)
  await at.service.delete(asking('acme'))
  assert.equal(await at.served(name), before)
  await assert.rejects(at.service.get('acme', 'shop'), /Cannot find certificate/)
  assert.deepEqual(at.entries, ['certificates.put', 'certificates.delete'])
  assert.equal(at.changes(), 2)
})

test("nobody brings a certificate for another's host, nor sees another's", async () => {
  await using at = await house()
  const foreign = [
    ['*.other.cloud.local'],
    ['web.acme.cloud.local', 'shop.example.org'],
    ['*.cloud.local'],
  ]
  for (const names of foreign) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const brought = await at.made(...names)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await assert.rejects(at.service.put(asking('acme'), brought), /is no host of this tenant/)
  }
  await at.service.put(asking('acme'), await at.made('web.acme.cloud.local'))
  assert.deepEqual(await at.service.list('other'), { items: [] })
  await assert.rejects(at.service.delete(asking('other')), /Cannot find certificate/)
})

test('a proved domain is served as long as it is the tenant’s, and never for who has it later', async () => {
  await using at = await house()
  const host = 'shop.example.org'
  const brought = await at.made('*.example.org')
  await assert.rejects(at.service.put(asking('acme'), brought), /is no host of this tenant/)
  await at.claim('acme', null)
  await assert.rejects(at.service.put(asking('acme'), brought), /is no host of this tenant/)
  await at.claim('acme', at.clock.now().getTime())
  await at.service.put(asking('acme'), brought)
  assert.equal(await at.served('*.example.org'), brought.chain)
  assert.equal(await at.served(host), undefined)
  at.custom.push({ host, tenantId: at.ids.get('acme') ?? '' })
  assert.equal(await at.served(host), brought.chain)

  await at.claim('other', at.clock.now().getTime())
  at.custom[0] = { host, tenantId: at.ids.get('other') ?? '' }
  const now = await at.served(host)
  assert.ok(now !== undefined && now !== brought.chain)
  assert.equal(await at.served('*.example.org'), undefined)
})

test('the key is sealed, and for that tenant and name alone', async () => {
  await using at = await house()
  const { key, chain } = await at.made('web.acme.cloud.local')
  await at.service.put(asking('acme'), { key, chain })
  const [owned] = await at.store.read.tenantCertificates.all()
  assert.ok(owned)
  assert.ok(!owned.row.sealedKey.includes(key.split('\n')[1] ?? ''))
  const moved = { ...owned.row, tenantId: at.ids.get('other') ?? '' }
  await at.store.write((q) => q.tenantCertificates.put(moved))
  // It does not open, and is no reason for others to be without theirs.
  assert.equal(await at.served('web.acme.cloud.local'), chain)
  const shown = at.told.at(-1)?.certificates.filter((one) => one.chain === chain)
  assert.equal(shown?.length, 1)
})

test('what is wrong in itself, or not in force, is refused with its place', async () => {
  await using at = await house()
  const brought = await at.made('web.acme.cloud.local')
  const { key } = await at.made('web.acme.cloud.local')
  await assert.rejects(at.service.put(asking('acme'), { ...brought, key }), /not the key/)
  at.clock.advance(91 * DAY_MS)
  await assert.rejects(at.service.put(asking('acme'), brought), /has ended/)
})

test('it is said once, 14 days before, that one ends; one that has ended is not served', async () => {
  await using at = await house()
  const name = '*.acme.cloud.local'
  const brought = await at.made(name)
  await at.service.put(asking('acme'), brought)
  at.clock.advance(75 * DAY_MS)
  await at.warn()
  assert.equal(at.events.length, 0)
  at.clock.advance(DAY_MS + 1)
  await at.warn()
  await at.warn()
  const told = at.events.map(({ action, tenantId }) => [action, tenantId])
  assert.deepEqual(told, [['certificate.ending', at.ids.get('acme')]])
  at.clock.advance(15 * DAY_MS)
  assert.notEqual(await at.served(name), brought.chain)
  await at.service.put(asking('acme'), await at.made(name))
  at.clock.advance(77 * DAY_MS)
  await at.warn()
  assert.equal(at.events.length, 2)
})
