import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { z } from 'zod'
import { PLATFORM } from '../../src/core/actor.ts'
import type { Claim } from '../../src/core/claim.ts'
import { onceService, type Answer, type OnceAsked } from '../../src/services/once.ts'
import { asked, runs, spec, world, type World } from '../support/world.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** What a lid does is the key ring's business; here it only has to come off where it was put on. */
const keyRing = {
  current: 1,
  mac: (rootKey: number, purpose: string, text: string): string | undefined =>
    rootKey <= 2 ? digest(`${rootKey} ${purpose} ${text}`) : undefined,
  seal: (purpose: string, plain: string): string => JSON.stringify({ purpose, plain }),
  open(purpose: string, sealed: string): string {
    const Lid = z.object({ purpose: z.literal(purpose), plain: z.string() })
    return Lid.parse(JSON.parse(sealed)).plain
  },
}

const render = (status: number, output: unknown): Answer => ({
  status,
  headers: {},
  body: JSON.stringify(output),
})

const REQUEST: OnceAsked = {
  scope: 'tenanttenanttena',
  key: 'k',
  askedBy: 'ck0000000000000001',
  request: 'f',
  plainDigest: digest('f'),
  isSecret: false,
  render,
}

const onceOf = ({ store, time }: World) => onceService({ store, clock: time, keyRing })

const createdBy =
  (at: World, name = 'web') =>
  async (claim: Claim): Promise<Answer> => {
    const actor = { ...PLATFORM, claim }
    const made = await at.control.containers.create('acme', spec({ name }), actor)
    return render(202, { operation: made.operation, resource: made.resource })
  }

const Made = z.object({
  operation: z.looseObject({ id: z.string() }),
  resource: z.looseObject({ name: z.string() }),
})

async function acme(): Promise<World> {
  const at = await world()
  await at.addTenant('acme')
  await at.begin()
  return at
}

const operationsOf = async ({ control }: World) =>
  (await control.operations.list('acme', { limit: 100 })).items

test('a crash after the intent and before the answer leaves the answer to the repeat, and one container', async () => {
  await using at = await acme()
  const late = async (claim: Claim): Promise<Answer> => {
    await createdBy(at)(claim)
    throw new Error('the process ends here')
  }
  await assert.rejects(onceOf(at).run(REQUEST, late), /ends here/)
  await at.reborn()
  await at.begin()

  const answer = await onceOf(at).run(REQUEST, createdBy(at, 'another'))
  assert.equal(answer.status, 202)
  const { operation, resource } = Made.parse(JSON.parse(answer.body))
  assert.equal(resource.name, 'web')
  const operations = await operationsOf(at)
  assert.deepEqual(
    operations.map(({ id }) => id),
    [operation.id],
  )
  await runs(at, 'acme', 'web')
})

const crash = (): Promise<Answer> => Promise.reject(new Error('the process ends here'))

test('a crash before the intent leaves nothing, and the repeat carries it out', async () => {
  await using at = await acme()
  await assert.rejects(onceOf(at).run(REQUEST, crash), /ends here/)
  assert.deepEqual(await operationsOf(at), [])
  await at.reborn()
  await at.begin()
  assert.equal((await onceOf(at).run(REQUEST, createdBy(at))).status, 202)
  assert.equal((await operationsOf(at)).length, 1)
})

test('of twenty at once one is carried out, and each later one has its answer', async () => {
  await using at = await acme()
  const once = onceOf(at)
  const all = await Promise.allSettled(
    Array.from({ length: 20 }, () => once.run(REQUEST, createdBy(at))),
  )
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await operationsOf(at)).length, 1)
  const { body } = await once.run(REQUEST, createdBy(at))
  const [first] = all.filter((one) => one.status === 'fulfilled')
  assert.equal(body, first?.value.body)
})

test('what was waited for takes the place of what the transaction had kept', async () => {
  await using at = await acme()
  const once = onceOf(at)
  const waited = async (claim: Claim): Promise<Answer> => {
    await createdBy(at)(claim)
    return render(200, { done: true })
  }
  await once.run(REQUEST, waited)
  const again = await once.run(REQUEST, waited)
  assert.deepEqual([again.status, again.body], [200, '{"done":true}'])
})

test('every change of a container keeps its answer with its intent', async () => {
  await using at = await acme()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  const { containers } = at.control
  const changes = {
    stop: (by: Claim) =>
      containers.stop({ ...asked('acme', 'web'), actor: { ...PLATFORM, claim: by } }),
    start: (by: Claim) =>
      containers.start({ ...asked('acme', 'web'), actor: { ...PLATFORM, claim: by } }),
    restart: (by: Claim) =>
      containers.restart({ ...asked('acme', 'web'), actor: { ...PLATFORM, claim: by } }),
    rename: (by: Claim) =>
      containers.rename({ ...asked('acme', 'web'), actor: { ...PLATFORM, claim: by } }, 'app'),
  }
  for (const [key, change] of Object.entries(changes)) {
    const late = async (claim: Claim): Promise<Answer> => {
      await change(claim)
      throw new Error('the process ends here')
    }
    await assert.rejects(onceOf(at).run({ ...REQUEST, key }, late))
    const { body } = await onceOf(at).run({ ...REQUEST, key }, late)
    const { operation } = Made.parse(JSON.parse(body))
    assert.equal((await operationsOf(at))[0]?.id, operation.id, key)
  }
  assert.equal((await operationsOf(at)).length, 5)
})

test('a change whose precondition no longer holds is refused inside its transaction', async () => {
  await using at = await acme()
  const { resource } = await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  const { containers } = at.control
  const seen = {
    holds: (row: unknown) =>
      z.object({ generation: z.int() }).parse(row).generation === resource.generation,
  }
  const stop = () =>
    containers.stop({ ...asked('acme', 'web'), actor: { ...PLATFORM, precondition: seen } })
  const both = await Promise.allSettled([stop(), stop()])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  const [refused] = both.filter((one) => one.status === 'rejected')
  assert.equal(
    z.looseObject({ code: z.string() }).parse(refused?.reason).code,
    'precondition-failed',
  )
})

const never = (): Promise<Answer> => Promise.reject(new Error('it was carried out already'))

test('what is kept of a request is a digest under a key, and a rotation changes nothing for its repeat', async () => {
  await using at = await acme()
  const request = 'POST /v1/tenants/acme/secrets 1234'
  const first = await onceOf(at).run({ ...REQUEST, request }, createdBy(at))
  const row = await at.store.read.idempotency.find(REQUEST.scope, REQUEST.key)
  assert.match(row?.fingerprint ?? '', /^1\.[\w-]{43}$/)
  assert.ok(!row?.fingerprint.includes(digest(request)))

  const rotated = onceService({
    store: at.store,
    clock: at.time,
    keyRing: { ...keyRing, current: 2 },
  })
  const again = await rotated.run({ ...REQUEST, request }, never)
  assert.equal(again.body, first.body)
  const other = rotated.run({ ...REQUEST, request: `${request}5` }, never)
  await assert.rejects(other, { code: 'idempotency-key-reused' })
})

test('a row of before there were keyed digests is known until it is over', async () => {
  await using at = await acme()
  const first = await onceOf(at).run(REQUEST, createdBy(at))
  const row = await at.store.read.idempotency.find(REQUEST.scope, REQUEST.key)
  assert.ok(row)
  await at.store.write((q) => q.idempotency.put({ ...row, fingerprint: digest('f') }))
  assert.equal((await onceOf(at).run(REQUEST, never)).body, first.body)
  const other = onceOf(at).run({ ...REQUEST, request: 'g', plainDigest: digest('g') }, never)
  await assert.rejects(other, { code: 'idempotency-key-reused' })
})
