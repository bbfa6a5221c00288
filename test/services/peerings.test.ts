import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkCreate } from '../../src/contract/networks.ts'
import type { PeeringCreate } from '../../src/contract/peerings.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { until, world, type World } from '../support/world.ts'

const OFFER_MS = 7 * 24 * 60 * 60_000
const asking = (tenant: string) => ({ tenant, actor: PLATFORM })

const network = (at: World, tenant: string, name: string) =>
  at.control.ofNetworks.create(
    { ...asking(tenant), caller: { tenant: null } },
    NetworkCreate.parse({ name }),
  )

const create = (at: World, tenant: string, wanted: PeeringCreate) =>
  at.control.peerings.create(asking(tenant), wanted)
const accept = (at: World, [tenant, name]: readonly [string, string], peering: string) =>
  at.control.peerings.accept({ ...asking(tenant), peering }, name)
const remove = (at: World, tenant: string, peering: string) =>
  at.control.peerings.delete({ ...asking(tenant), peering })
const list = async (at: World, tenant: string) => (await at.control.peerings.list(tenant)).items

const linked = (at: World): number => at.firewall.set('linked').length
/** Each network with itself, and each pair both ways. */
const pairsAre = (at: World, networks: number, pairs: number) =>
  until('the filter knows', () => linked(at) === networks + 2 * pairs)

async function withTenants(at: World): Promise<void> {
  for (const slug of ['acme', 'zeta']) await at.addTenant(slug)
  await at.begin()
  await network(at, 'acme', 'front')
  await network(at, 'acme', 'back')
  await network(at, 'zeta', 'theirs')
}

test('two networks of one tenant are peers at once, and no more when that is ended', async () => {
  await using at = await world()
  await withTenants(at)
  const made = await create(at, 'acme', { network: 'front', peerNetwork: 'back' })
  assert.deepEqual([made.state, made.direction, made.expiresAt], ['active', 'own', null])
  assert.deepEqual([made.network?.name, made.peer.network?.name], ['front', 'back'])
  await pairsAre(at, 3, 1)
  assert.deepEqual(
    at.peerPaths.paths.map(({ fromRange, toRange }) => [fromRange, toRange]),
    [
      ['10.208.1.0/24', '10.208.2.0/24'],
      ['10.208.2.0/24', '10.208.1.0/24'],
    ],
  )
  await until('the edge knows', () => at.edge.tables.at(-1)?.peers?.length === 1)
  const again = create(at, 'acme', { network: 'back', peerNetwork: 'front' })
  await assert.rejects(again, { code: 'state-conflict' })
  await remove(at, 'acme', made.id)
  await remove(at, 'acme', made.id)
  await pairsAre(at, 3, 0)
  await until('the paths are gone', () => at.peerPaths.paths.length === 0)
  await until('the edge knows', () => at.edge.tables.at(-1)?.peers?.length === 0)
})

test('between tenants nothing opens before the offer is accepted, and either side ends it', async () => {
  await using at = await world()
  await withTenants(at)
  const { id } = await create(at, 'acme', { network: 'front', peerTenant: 'zeta' })
  const [received] = await list(at, 'zeta')
  assert.deepEqual(
    [received?.direction, received?.network, received?.peer.tenant, received?.state],
    ['received', null, 'acme', 'offered'],
  )
  await assert.rejects(accept(at, ['acme', 'back'], id), { code: 'state-conflict' })
  await pairsAre(at, 3, 0)
  const accepted = await accept(at, ['zeta', 'theirs'], id)
  assert.deepEqual([accepted.network?.name, accepted.peer.network?.name], ['theirs', 'front'])
  await pairsAre(at, 3, 1)
  assert.equal((await at.control.peerings.get('acme', id)).peer.network?.name, 'theirs')
  await assert.rejects(accept(at, ['zeta', 'theirs'], id), { code: 'state-conflict' })
  await remove(at, 'zeta', id)
  await pairsAre(at, 3, 0)
  assert.deepEqual(await list(at, 'acme'), [])
})

test('an offer to nobody looks like one to somebody, and ends by itself', async () => {
  await using at = await world()
  await withTenants(at)
  const offer = await create(at, 'acme', { network: 'front', peerTenant: 'nobody' })
  const real = await create(at, 'acme', { network: 'front', peerTenant: 'zeta' })
  const { id: _, createdAt: __, peer, ...rest } = offer
  assert.deepEqual(rest, { ...rest, state: real.state, expiresAt: real.expiresAt })
  assert.equal(peer.tenant, 'nobody')
  at.time.advance(OFFER_MS)
  assert.deepEqual(await list(at, 'acme'), [])
  assert.deepEqual(await list(at, 'zeta'), [])
  await assert.rejects(accept(at, ['zeta', 'theirs'], real.id), { code: 'not-found' })
})

test('a third tenant knows nothing of a peering', async () => {
  await using at = await world()
  await withTenants(at)
  await at.addTenant('third')
  await network(at, 'third', 'mine')
  const { id } = await create(at, 'acme', { network: 'front', peerTenant: 'zeta' })
  await assert.rejects(at.control.peerings.get('third', id), { code: 'not-found' })
  await assert.rejects(accept(at, ['third', 'mine'], id), { code: 'not-found' })
  await remove(at, 'third', id)
  assert.equal((await list(at, 'acme')).length, 1)
})

test('what cannot be is refused with its reason', async () => {
  await using at = await world()
  await withTenants(at)
  const refused = (wanted: PeeringCreate, code: string) =>
    assert.rejects(create(at, 'acme', wanted), { code })
  await refused({ network: 'front' }, 'invalid-input')
  await refused({ network: 'front', peerNetwork: 'back', peerTenant: 'zeta' }, 'invalid-input')
  await refused({ network: 'front', peerNetwork: 'front' }, 'invalid-input')
  await refused({ network: 'front', peerTenant: 'acme' }, 'invalid-input')
  await refused({ network: 'theirs', peerNetwork: 'front' }, 'not-found')
  await refused({ network: 'front', peerNetwork: 'theirs' }, 'not-found')
  for (let i = 0; i < 16; i++) await create(at, 'acme', { network: 'front', peerTenant: `t${i}` })
  await refused({ network: 'front', peerTenant: 'zeta' }, 'too-many-peerings')
})

test('a network that is peered stays until that is ended', async () => {
  await using at = await world()
  await withTenants(at)
  const { id } = await create(at, 'acme', { network: 'front', peerNetwork: 'back' })
  const gone = () =>
    at.control.ofNetworks.delete({ ...asking('acme'), network: 'back' }).then(() => 'gone')
  await assert.rejects(gone(), { code: 'state-conflict', message: new RegExp(id) })
  await remove(at, 'acme', id)
  assert.equal(await gone(), 'gone')
})

test('the peerings of a tenant end with it, for the other side too', async () => {
  await using at = await world()
  await withTenants(at)
  const { id } = await create(at, 'acme', { network: 'front', peerTenant: 'zeta' })
  await accept(at, ['zeta', 'theirs'], id)
  await at.control.tenants.delete('zeta', PLATFORM, { cascade: true, dryRun: false })
  await until('it is gone', async () => (await list(at, 'acme')).length === 0)
})
