import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { ENDPOINTS } from '../../src/contract/all.ts'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import type { Line } from '../support/api-world.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { FOREIGN, FOREIGN_PATHS } from './corpus.ts'
import { WRONG } from './wrong-values.ts'

/** Every endpoint that takes a body, read from the contract: a new one is attacked from its first day. */
const TAKING = ENDPOINTS.filter(({ body }) => body !== undefined)
/** What answers the engine may be asked for while nothing is made. */
const LOOKS = new Set([
  'list',
  'events',
  'facts',
  'image',
  'inspectContainer',
  'ranges',
  'writtenBytes',
])

/** A cloud with one tenant and one container, and what its engine was asked to change since. */
async function attacked(work: (at: CloudWorld, changes: () => string[]) => Promise<void>) {
  await using at = await cloudWorld()
  await at.addTenant('acme')
  const { apiKey: token } = at.admin
  const body = { name: 'web', image: 'cloudlet/base', command: ['sleep', '600'] }
  const made = await at.call('POST /v1/tenants/acme/containers', { token, body })
  assert.equal(made.status, 202)
  await at.quiet()
  const before = at.host.calls.length
  await work(at, () =>
    at.host.calls
      .slice(before)
      .map(({ method }) => method)
      .filter((method) => !LOOKS.has(method)),
  )
}

/** What paths ask for beside: it has the shape of an id and of a name. */
const AN_ID = 'aaaaaaaaaaaaaaaa'
const fieldsOf = ({ body }: Endpoint): string[] => Object.keys(body?.shape ?? {})

/** Whether something of the engine comes of it: of a container it names an image and what runs of it. */
const takesSpec = (e: Endpoint): boolean =>
  e.id === 'networks.create' ||
  e.id.startsWith('containers.') ||
  ['image', 'command'].every((one) => fieldsOf(e).includes(one))

const lineOf = ({ method, path }: Endpoint, params: Readonly<Record<string, string>>): Line =>
  `${method.toUpperCase()} /${path.slice(1).replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? AN_ID)}`

const Problem = z.object({ errors: z.array(z.object({ pointer: z.string() })).optional() })

interface Sent {
  readonly status: number
  readonly pointers: readonly string[]
}

async function send(at: CloudWorld, e: Endpoint, body: unknown): Promise<Sent> {
  const params = { tenant: 'acme', container: 'web', key: at.admin.id, host: 'ghcr.io' }
  const answer = await at.call(lineOf(e, params), { token: at.admin.apiKey, body })
  const { errors = [] } = Problem.parse(await answer.json())
  return { status: answer.status, pointers: errors.map(({ pointer }) => pointer) }
}

test('no endpoint takes a field of the engine, and each is refused under its name', async () => {
  await attacked(async (at, changes) => {
    assert.ok(TAKING.length >= 10)
    const wrong: string[] = []
    for (const e of TAKING) {
      for (const { threat, fields } of FOREIGN) {
        const { status, pointers } = await send(at, e, fields)
        const untold = Object.keys(fields).filter((key) => !pointers.includes(`#/${key}`))
        if (status !== 422 || untold.length > 0)
          wrong.push(`${e.id} ${threat} ${status} ${untold.join(' ')}`)
      }
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(changes(), [])
  })
})

/** Where nothing stands for the platform's own number it is no wrong value. */
const isAllowedNull = ({ body }: Endpoint, field: string, value: unknown): boolean =>
  JSON.stringify(value) === 'null' && body?.shape[field]?.safeParse(null).success === true

/** Each wrong value for each endpoint that takes its field. */
function* wrongBodies() {
  for (const { threat, field, values, along } of WRONG) {
    const takers = TAKING.filter((e) => takesSpec(e) && fieldsOf(e).includes(field))
    assert.ok(takers.length > 0, `nothing takes ${field}`)
    for (const e of takers) {
      const usual = fieldsOf(e).includes('image') ? { name: 'hostile', image: 'cloudlet/base' } : {}
      for (const value of values.filter((one) => !isAllowedNull(e, field, one))) {
        yield { threat, e, field, value, body: { ...usual, ...along, [field]: value } }
      }
    }
  }
}

test('no endpoint that takes a field of a container takes a hostile value of it', async () => {
  await attacked(async (at, changes) => {
    const wrong: string[] = []
    for (const { threat, e, field, value, body } of wrongBodies()) {
      const { status, pointers } = await send(at, e, body)
      const told = pointers.some((one) => one === `#/${field}` || one.startsWith(`#/${field}/`))
      // A name that is reserved is well formed, and taken.
      const refused = (status === 422 && told) || (field === 'name' && status === 409)
      const said = JSON.stringify(value).slice(0, 60)
      if (!refused) wrong.push(`${e.id} ${threat} ${field}=${said} ${status} ${pointers.join(' ')}`)
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(changes(), [])
  })
})

test('no field of the engine is taken from the query either', async () => {
  await attacked(async (at, changes) => {
    const { apiKey: token } = at.admin
    const body = { name: 'hostile', image: 'cloudlet/base' }
    for (const query of [
      'Privileged=1',
      'HostConfig={}',
      'fromSrc=http://x',
      'name=x',
      'signal=9',
    ]) {
      const answer = await at.call(`POST /v1/tenants/acme/containers?${query}`, { token, body })
      assert.equal(answer.status, 422, query)
    }
    assert.deepEqual(changes(), [])
  })
})

test('no path of the engine leads anywhere', async () => {
  await attacked(async (at, changes) => {
    const { apiKey: token } = at.admin
    const body = { Image: 'cloudlet/base', HostConfig: { Privileged: true } }
    for (const { line } of FOREIGN_PATHS) {
      const { status } = await at.call(line, { token, body })
      assert.ok(status === 404 || status === 405, `${line} ${status}`)
    }
    assert.deepEqual(changes(), [])
  })
})

test('the corpus has a row of every threat that a body of today can carry', () => {
  const rows = new Set([...FOREIGN, ...WRONG, ...FOREIGN_PATHS].map(({ threat }) => threat))
  // Sizes of images (A26) and exec (A32) have no body yet.
  const all = Array.from({ length: 34 }, (_, i) => `A${String(i + 1).padStart(2, '0')}`)
  assert.deepEqual(
    all.filter((threat) => !rows.has(threat)),
    ['A26', 'A32'],
  )
})
