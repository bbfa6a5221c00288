import { z } from 'zod'
import type { Endpoint } from '../contract/endpoint.ts'
import { fieldsOf, sparse } from '../contract/fields.ts'
import type { FailureCode } from '../core/failure.ts'
import { showsOne } from './answer.ts'
import { isClaimable } from './once.ts'
import { PROBLEMS } from './problem.ts'

const COMPONENTS = '#/components/schemas/'
/** Fields that have a default may be left out, of what is sent; the same schema serves both ways. */
const AS_ASKED = { io: 'input' } as const

/** OpenAPI 3.1 speaks JSON Schema 2020-12, which zod writes itself, so this is all there is. */
export function openApi(endpoints: readonly Endpoint[], info: { title: string; version: string }) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const e of endpoints) (paths[e.path] ??= {})[e.method] = operation(e)
  const { schemas } = z.toJSONSchema(z.globalRegistry, AS_ASKED)
  return {
    openapi: '3.1.0',
    info,
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      parameters: HEADER_PARAMETERS,
      schemas: byName({ ...inDocument(schemas), Problem: PROBLEM }),
    },
  }
}

/** The registry has schemas in the order in which a program happens to have loaded their files. */
const byName = <T>(schemas: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** As much of RFC 9110 §8.8.3 as we give out. */
const ETAGS = '^(\\*|"[!#-~]{0,200}"(, ?"[!#-~]{0,200}"){0,31})$'

/** RFC 9457, with the members of its own that the commonest codes carry. */
const PROBLEM = {
  type: 'object',
  description: 'Problem details (RFC 9457); further members are the facts of the code',
  required: ['type', 'status', 'instance'],
  properties: {
    type: { type: 'string', description: '`/problems/<code>`; the codes never change' },
    status: { type: 'integer' },
    title: { type: 'string' },
    detail: { type: 'string', description: 'One sentence that says what could not be done' },
    instance: { type: 'string', description: 'Id of the request, as in the log' },
    errors: {
      type: 'array',
      description: 'With `invalid-input`: each field that is wrong',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
    shortages: {
      type: 'array',
      description:
        'With `quota-exceeded` and `capacity-exceeded`: each resource there is too little of',
      items: {
        type: 'object',
        properties: {
          resource: { type: 'string' },
          limit: { type: 'integer' },
          used: { type: 'integer' },
          requested: { type: 'integer' },
          scope: { enum: ['tenant', 'platform', 'host'] },
        },
      },
    },
  },
  additionalProperties: true,
}

function operation(e: Endpoint) {
  return {
    operationId: e.id,
    tags: [e.id.slice(0, e.id.indexOf('.'))],
    summary: e.summary,
    ...(e.permission === 'public' ? { security: [] } : { description: permissionOf(e) }),
    parameters: [
      ...parameters(e.params, 'path'),
      ...parameters(e.query, 'query'),
      ...fieldsParameters(e),
      ...headerParameters(e),
    ],
    ...(e.body && { requestBody: { required: true, content: json(e.body) } }),
    responses: { ...successes(e), ...failures(e) },
  }
}

const permissionOf = ({ permission, platform }: Endpoint): string =>
  permission === 'signed-in'
    ? 'Any valid key.'
    : `Needs \`${permission}\`${platform ? ', of a key of the platform' : ''}.`

function parameters(schema: z.ZodObject | undefined, where: 'path' | 'query') {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: where,
    required: !z.safeParse(field, undefined).success,
    schema: reference(field),
  }))
}

function fieldsParameters(e: Endpoint) {
  const known = fieldsOf(e)
  if (known.length === 0) return []
  const schema = { type: 'array', minItems: 1, maxItems: 100, items: { enum: known } }
  const description = 'Show only these, of a list of each item; all without'
  return [{ name: 'fields', in: 'query', style: 'form', explode: false, description, schema }]
}

function headerParameters(e: Endpoint) {
  const names = [
    ...(isClaimable(e) ? ['Idempotency-Key'] : []),
    ...(e.conditional === true ? ['If-Match'] : []),
    ...(e.method === 'get' && showsOne(e) ? ['If-None-Match'] : []),
  ]
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }))
}

/** The headers that endpoints share. */
const HEADER_PARAMETERS = {
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A string of your own choice, new for each request and the same for its repeats: within 24 hours a repeat is answered as the first was, and has no second effect',
    schema: { type: 'string', pattern: '^"?[\\w.~:+/=@-]{1,255}"?$' },
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` with which the resource was read; if it has changed since, nothing is done (412). Of a container what is wanted counts, not what it does by itself',
    schema: { type: 'string', pattern: ETAGS },
  },
  'If-None-Match': {
    name: 'If-None-Match',
    in: 'header',
    description: 'An `ETag` that is known: if it still holds, the answer is 304 and empty',
    schema: { type: 'string', pattern: ETAGS },
  },
} as const

function successes(e: Endpoint): Record<string, unknown> {
  if (e.status === 204) return { 204: { description: e.summary } }
  const content = {
    ...(e.kind === 'stream' ? TEXT : shown(e)),
    ...(e.item && streams(e.item)),
    ...(e.kind === 'stream' && streams(e.response)),
  }
  const etag = { headers: { etag: { schema: { type: 'string' } } } }
  const done = { description: e.summary, ...(showsOne(e) && etag), content }
  const same = { 304: { description: 'It is as `If-None-Match` says', ...etag } }
  if (e.kind !== 'change')
    return { [e.status]: done, ...(showsOne(e) && e.method === 'get' && same) }
  const description = 'The change is under way; `Location` is its operation'
  const headers = { location: { schema: { type: 'string' } } }
  return { 200: done, 202: { description, headers, content } }
}

const TEXT = { 'text/plain': { schema: { type: 'string' } } }

const streams = (item: z.ZodType) => ({
  'application/x-ndjson': { schema: reference(item) },
  'text/event-stream': { schema: { type: 'string' } },
})

const OF_ALL: readonly FailureCode[] = [
  'host-unknown',
  'invalid-input',
  'not-acceptable',
  'rate-limited',
]

/** Those of the endpoint itself, and those that every request of its shape can meet. */
function codesOf(e: Endpoint): FailureCode[] {
  const codes = new Set<FailureCode>([...e.failures, ...OF_ALL])
  if (e.method !== 'get') codes.add('body-too-large').add('request-too-slow')
  if (e.body) codes.add('media-type-unknown')
  if (e.kind !== 'stream') codes.add('timed-out')
  if (e.permission !== 'public') codes.add('invalid-token')
  if (e.permission !== 'public' && e.permission !== 'signed-in') codes.add('not-allowed')
  if (e.kind === 'change') codes.add('cancelled')
  if (isClaimable(e)) codes.add('already-done').add('idempotency-key-reused').add('request-running')
  if (e.conditional === true) codes.add('precondition-failed')
  return [...codes].toSorted()
}

function failures(e: Endpoint): Record<string, unknown> {
  const byStatus = Map.groupBy(codesOf(e), (code) => PROBLEMS[code].status)
  const content = { 'application/problem+json': { schema: { $ref: `${COMPONENTS}Problem` } } }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      { description: codes.map((code) => `\`${code}\``).join(', '), content },
    ]),
  )
}

/** In whole, or what `fields` has left of it. */
function shown(e: Endpoint) {
  if (fieldsOf(e).length === 0) return json(e.response)
  const anyOf = [reference(e.response), reference(sparse(e.response))]
  return { 'application/json': { schema: { anyOf } } }
}

const json = (schema: z.ZodType) => ({ 'application/json': { schema: reference(schema) } })

/** Named schemas are referenced, not repeated: their `id` is their place among the components. */
function reference(schema: z.core.$ZodType): object {
  const id = z.globalRegistry.get(schema)?.id
  if (id !== undefined) return { $ref: COMPONENTS + id }
  return inDocument(z.toJSONSchema(schema, AS_ASKED))
}

/** What says where a schema stands, when it stands alone. */
const ALONE: ReadonlySet<string> = new Set(['$defs', '$id', '$schema'])

/** Fits a schema that zod wrote for itself into this document, whose components are its definitions. */
function inDocument<T extends object>(schema: T): T {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    // The bounds of what JavaScript counts exactly are true of every integer, and only in the way.
    if (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) return undefined
    if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) return undefined
    if (key === '$ref' && typeof value === 'string') return COMPONENTS + value.replace(/^.*\//, '')
    return ALONE.has(key) ? undefined : value
  })
  // A copy of what came in, but for members that no schema type promises.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as T
}
