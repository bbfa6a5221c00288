import { zValidator } from '@hono/zod-validator'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { Endpoint, Input } from '../contract/endpoint.ts'
import { fieldsOf, fieldsParameter } from '../contract/fields.ts'
import { failure, type Failure } from '../core/failure.ts'
import { readJson, refuseBody } from './body.ts'
import { readCursor } from './pages.ts'
import type { AppContext, AppEnv } from './shell.ts'

const NO_INPUT = z.strictObject({})

/** What holds the input of an endpoint against its contract, part by part. */
export function inputChecks(e: Endpoint): MiddlewareHandler<AppEnv>[] {
  const address: MiddlewareHandler<AppEnv>[] = [
    zValidator('param', e.params ?? NO_INPUT, refuse),
    zValidator('query', queryOf(e), refuse),
  ]
  if (!e.body) return [...address, after(refuseBody)]
  return [...address, after(readJson), zValidator('json', e.body, refuse)]
}

/** Of everything that is shown, `fields` asks for a part. */
export function queryOf(e: Endpoint): z.ZodObject {
  const query = e.query ?? NO_INPUT
  const known = fieldsOf(e)
  return known.length === 0 ? query : query.extend({ fields: fieldsParameter(known) })
}

const Fields = z.object({ fields: z.array(z.string()).optional() })
/** What of the answer is to be shown; all of it without. */
export const fieldsAsked = (c: AppContext): readonly string[] | undefined =>
  Fields.parse(checkedPart(c, 'query')).fields

/** As services read it: the cursor is their own, and which fields are shown is not their business. */
function ownQuery(c: AppContext): unknown {
  const query = checkedPart(c, 'query')
  const e = c.get('endpoint')
  if (typeof query !== 'object' || query === null || e === undefined) return query
  const { fields: _, ...own } = Object.assign({ fields: undefined }, query)
  if (!('cursor' in own) || typeof own.cursor !== 'string') return own
  return { ...own, cursor: readCursor(e, own.cursor) }
}

const after =
  (step: (c: AppContext) => Promise<void>): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    await step(c)
    await next()
  }

/** What the checks above have found good. `never`: their types are lost in the array of handlers. */
export const checkedPart = (c: AppContext, part: 'json' | 'param' | 'query'): unknown =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  c.req.valid(part as never)

export function inputOf<E extends Endpoint>(c: AppContext): Input<E> {
  const [params, query, body] = [checkedPart(c, 'param'), ownQuery(c), checkedPart(c, 'json')]
  // The schemas that checked the parts are those that `Input` is derived from.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { params, query, body } as Input<E>
}

/** For what is asked by a browser, and is in no contract. */
export function checkedQuery<S extends z.ZodType>(c: AppContext, schema: S): z.output<S> {
  const result = schema.safeParse(c.req.query())
  if (result.success) return result.data
  throw brokenContract(result.error, 'query')
}

type Checked = { success: true } | { success: false; error: z.core.$ZodError }

/** A pointer into the body stands alone; what is in the address says so. */
const PLACES: Readonly<Record<string, string>> = { query: 'query', param: 'param' }

/** More than a person reads at once, and an end to what a body of a megabyte can make us write. */
const MOST_ERRORS = 50

function refuse(result: Checked & { target: string }): void {
  if (!result.success) throw brokenContract(result.error, result.target)
}

function brokenContract(error: z.core.$ZodError, target: string): Failure {
  const errors = error.issues
    .slice(0, MOST_ERRORS)
    .flatMap(wrongPlaces)
    .slice(0, MOST_ERRORS)
    .map(({ path, detail }) => ({
      pointer: `${PLACES[target] ?? ''}#${path.map(pointerPart).join('')}`,
      detail,
    }))
  return failure('invalid-input', 'Cannot read the request: it breaks the contract', { errors })
}

function wrongPlaces(issue: z.core.$ZodIssue) {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, detail: issue.message }]
  return issue.keys.slice(0, MOST_ERRORS).map((key) => ({
    path: [...issue.path, key.slice(0, 200)],
    detail: 'there is no such field',
  }))
}

/** RFC 6901 §3. */
const pointerPart = (part: PropertyKey): string =>
  `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`
