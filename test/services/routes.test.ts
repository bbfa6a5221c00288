import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouteChange, RouteCreate } from '../../src/contract/routes.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/world.ts'

const asking = (world: CloudWorld, tenant: string) => ({ tenant, actor: world.actor })
const SHOP = { name: 'shop', hosts: ['shop.acme.cloud.local'], targets: [{ app: 'web' }] }

const create = (world: CloudWorld, wanted: unknown, tenant = 'acme') =>
  world.all.routes.create(asking(world, tenant), RouteCreate.parse(wanted))
const change = (world: CloudWorld, wanted: unknown, route = 'shop') =>
  world.all.routes.update({ ...asking(world, 'acme'), route }, RouteChange.parse(wanted))
const published = (world: CloudWorld) => world.edge.tables.at(-1)?.routes ?? []

/** An own domain, proved. */
async function prove(world: CloudWorld, name: string, subdomains = false): Promise<void> {
  const { dns } = await world.all.domains.claim(asking(world, 'acme'), { name, subdomains })
  world.proofs.records.set(dns.name, [dns.value])
  await world.all.domains.verify({ ...asking(world, 'acme'), domain: name })
}

const policyOf = (policy: unknown): boolean => RouteCreate.safeParse({ ...SHOP, policy }).success

const pathIs = (pathPrefix: string): boolean =>
  RouteCreate.safeParse({ ...SHOP, match: { pathPrefix } }).success
const nth = (i: number) => ({ ...SHOP, name: `r${i}`, match: { pathPrefix: `/${i}` } })

test('a route is published as the edge takes it, and goes when it is deleted', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  const made = await create(world, {
    ...SHOP,
    match: { pathPrefix: '/api', methods: ['GET'] },
    targets: [
      { app: 'web', weight: 90 },
      { app: 'next', weight: 10 },
    ],
    policy: {
      forwardAuth: { app: 'gate' },
      requestHeaders: { set: { 'x-a': '1' } },
      timeouts: { requestSeconds: 30 },
      balance: { kind: 'hash', on: 'address', queueSeconds: 2 },
    },
  })
  assert.deepEqual([made.generation, made.match.headers], [1, []])
  await until('the edge knows', () => published(world).length === 1)
  assert.deepEqual(published(world), [
    {
      id: made.id,
      tenant: 'acme',
      name: 'shop',
      hosts: ['shop.acme.cloud.local'],
      match: { pathPrefix: '/api', methods: ['GET'], headers: [] },
      targets: [
        { app: 'web.acme', weight: 90 },
        { app: 'next.acme', weight: 10 },
      ],
      policy: {
        forwardAuth: { app: 'gate.acme', path: '/', copyHeaders: [] },
        requestHeaders: { set: [['x-a', '1']] },
        timeouts: { requestMs: 30_000 },
        balance: { kind: 'hash', on: 'address', queueMs: 2000 },
      },
    },
  ])
  await change(world, { targets: [{ app: 'next' }] })
  await until('the edge knows', () => published(world)[0]?.targets[0]?.app === 'next.acme')
  await world.all.routes.delete({ ...asking(world, 'acme'), route: 'shop' })
  await until('the edge knows', () => published(world).length === 0)
  assert.deepEqual(await world.all.routes.list('acme'), { items: [] })
})

test('a password is kept as a hash of its own, never shown, and stays where none is given', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  const users = [{ name: 'ann', password: 'correct horse' }]
  const made = await create(world, { ...SHOP, policy: { basicAuth: { realm: 'Shop', users } } })
  assert.deepEqual(made.policy.basicAuth, { realm: 'Shop', users: [{ name: 'ann' }] })
  await until('the edge knows', () => published(world).length === 1)
  const hash = published(world)[0]?.policy.basicAuth?.users[0]?.hash ?? ''
  assert.match(hash, /^scrypt:14:8:1:[\w-]{22}:[\w-]{43}$/)
  await change(world, { policy: { basicAuth: { realm: 'New', users: [{ name: 'ann' }] } } })
  await until('the edge knows', () => published(world)[0]?.policy.basicAuth?.realm === 'New')
  assert.equal(published(world)[0]?.policy.basicAuth?.users[0]?.hash, hash)
  const stranger = change(world, { policy: { basicAuth: { users: [{ name: 'bob' }] } } })
  await assert.rejects(stranger, { code: 'invalid-input', message: /"bob" has none yet/ })
})

test('a host is of the own zone, or within a domain that is proved', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  await prove(world, 'example.org')
  await prove(world, 'wide.example', true)
  await world.all.domains.claim(asking(world, 'acme'), { name: 'open.example', subdomains: true })
  const at = (host: string, name: string) => create(world, { ...SHOP, name, hosts: [host] })
  const fine = ['any.acme.localhost', '*.acme.cloud.local', 'example.org', 'a.b.wide.example']
  for (const [i, host] of fine.entries()) await at(host, `fine-${i}`)
  for (const [host, why] of [
    ['web.zeta.cloud.local', /not yours/],
    ['*.cloud.local', /not yours/],
    ['acme.cloud.local', /not yours/],
    ['a.b.acme.cloud.local', /not yours/],
    ['www.example.org', /claim "www\.example\.org"/],
    ['*.wide.example', /wildcard/],
    ['www.open.example', /not proved yet/],
  ] as const) {
    await assert.rejects(at(host, 'bad'), { code: 'invalid-input', message: why }, host)
  }
  const used = world.all.domains.delete({ ...asking(world, 'acme'), domain: 'example.org' })
  await assert.rejects(used, { code: 'state-conflict', message: /used by "fine-2"/ })
})

test('two routes never take the same requests of one host', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  const match = { pathPrefix: '/a', methods: ['GET', 'PUT'], headers: [{ name: 'x-b' }] }
  await create(world, { ...SHOP, match })
  const same = { ...match, methods: ['PUT', 'GET'] }
  const equal = create(world, { ...SHOP, name: 'other', match: same })
  await assert.rejects(equal, { code: 'route-conflict' })
  await create(world, { ...SHOP, name: 'other' })
  await assert.rejects(change(world, { match: same }, 'other'), { code: 'route-conflict' })
  await assert.rejects(create(world, SHOP), { code: 'name-taken' })
})

test('what a route cannot be is refused', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  for (const [wanted, why] of [
    [{ targets: [] }, /name an app/],
    [{ hosts: [...SHOP.hosts, ...SHOP.hosts] }, /each host is named once/],
    [{ targets: [{ app: 'web', weight: 0 }] }, /name an app/],
    [{ targets: [{ app: 'web' }, { app: 'web' }] }, /once/],
    [{ policy: { redirect: { scheme: 'https' } } }, /same route/],
    [{ policy: { redirect: { host: 'shop.acme.cloud.local' } } }, /same route/],
    [{ policy: { redirect: { path: { kind: 'full', value: '/x' } } } }, /same route/],
    [{ policy: { cors: { origins: ['*'], credentials: true } } }, /credentials/],
    [{ policy: { balance: { kind: 'hash' } } }, /hash/],
  ] as const) {
    const refused = { code: 'invalid-input', message: why }
    await assert.rejects(create(world, { ...SHOP, ...wanted }), refused, JSON.stringify(wanted))
  }
  const away = { redirect: { path: { kind: 'full', value: '/new' } } }
  await create(world, { ...SHOP, targets: [], match: { pathPrefix: '/old' }, policy: away })
})

test('fields of framing, of a hop and of who asks are not for routes to change', () => {
  const names =
    'host content-length transfer-encoding connection upgrade te forwarded x-forwarded-for'
  for (const name of [...names.split(' '), 'x-real-ip', 'cloudlet-tenant', 'X-Big', 'set-cookie']) {
    for (const asked of [{ remove: [name] }, { set: { [name]: 'a' } }, { add: { [name]: 'a' } }]) {
      assert.ok(!policyOf({ requestHeaders: asked }), name)
      assert.ok(!policyOf({ responseHeaders: asked }), name)
    }
  }
  assert.ok(policyOf({ requestHeaders: { remove: ['cookie'], set: { 'x-a': 'b c' } } }))
  assert.ok(!policyOf({ requestHeaders: { set: { 'x-a': 'b\r\nc: d' } } }))
})

test('ranges, paths and hosts are checked', () => {
  assert.ok(policyOf({ allow: ['203.0.113.0/24', '2001:db8::/32'] }))
  for (const range of ['203.0.113.1/24', '10.0.0.0/33', 'all', '10.0.0']) {
    assert.ok(!policyOf({ allow: [range] }), range)
  }
  for (const path of ['/', '/a', '/a/b.c', '/%20', '/%C3%A4', '/%3A', '/%5B', '/%5E', '/%7B'])
    assert.ok(pathIs(path), path)
  for (const path of [
    '',
    'a',
    '/a/',
    '//',
    '/a//b',
    '/a/../b',
    '/.',
    '/a?b',
    '/%2f',
    '/%',
    '/ ',
    '/%2F',
    '/%5C',
    '/%00',
    '/%41',
    '/%7E',
    '/%2E',
    '/%30',
  ]) {
    assert.ok(!pathIs(path), path)
  }
  for (const host of ['A.example', 'a', 'a..b', '10.0.0.1', '*.*.a.b', 'a_b.c', 'a.b.', '-a.b']) {
    assert.ok(!RouteCreate.safeParse({ ...SHOP, hosts: [host] }).success, host)
  }
})

test('another tenant sees none, and there is an end to how many there are', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  await world.addTenant('zeta')
  for (let i = 0; i < 100; i++) await create(world, nth(i))
  await assert.rejects(create(world, nth(100)), { code: 'too-many-routes' })
  await assert.rejects(world.all.routes.get('zeta', 'r1'), { code: 'not-found' })
  await world.all.routes.delete({ ...asking(world, 'zeta'), route: 'r1' })
  assert.equal((await world.all.routes.list('acme')).items.length, 100)
})

test('routes of a suspended tenant are not served, and those of a deleted one are gone', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  await prove(world, 'example.org')
  await create(world, { ...SHOP, hosts: ['example.org'] })
  await until('the edge knows', () => published(world).length === 1)
  await world.all.tenants.suspend('acme', {}, world.actor)
  await until('the edge knows', () => published(world).length === 0)
  await world.all.tenants.resume('acme', world.actor)
  await until('the edge knows', () => published(world).length === 1)
  const removal = await world.all.tenants.delete('acme', world.actor, {
    cascade: true,
    dryRun: true,
  })
  assert.match(JSON.stringify(removal), /"routes".*"shop".*"domains".*"example.org"/)
  await world.all.tenants.delete('acme', world.actor, { cascade: true, dryRun: false })
  await until('it is gone', () => published(world).length === 0)
  await until(
    'its name is free',
    async () => (await world.store.read.domains.near(['example.org'])).length === 0,
  )
})

test('a proved host of a route gets a certificate of its own', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  await prove(world, 'example.org')
  await create(world, { ...SHOP, hosts: ['example.org', 'shop.acme.cloud.local'] })
  const names = () => world.secured.at(-1)?.certificates.flatMap((one) => one.names) ?? []
  await until('it is there', () => names().includes('example.org'))
  assert.ok(!names().includes('shop.acme.cloud.local'))
})
