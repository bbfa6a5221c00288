import type { Endpoint } from '../contract/endpoint.ts'
import { failure, notFound, type Failure } from '../core/failure.ts'
import type { AppContext } from './shell.ts'

/** The paths that are not of the contract; all of them are only read. */
const PAGES = [
  '/',
  '/docs',
  '/docs/scalar.js',
  '/docs/start.js',
  '/problems/{code}',
  '/v1/openapi.json',
]

/** What there is to say of a request that no route serves: what the path takes, or that it is unknown. */
export function otherMethods(endpoints: readonly Endpoint[]) {
  const read = PAGES.map((path) => ({ path, method: 'get' }))
  const byPath = Map.groupBy([...read, ...endpoints], ({ path }) => path)
  const known = [...byPath].map(([path, those]) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    allow: allowOf(those.map(({ method }) => method.toUpperCase())),
  }))

  return {
    /** RFC 9110 §9.3.7: of a known path, what it takes. */
    optionsOf(c: AppContext): Response | undefined {
      const allow = allowAt(c.req.path)
      if (allow === undefined || c.req.method !== 'OPTIONS') return undefined
      return new Response(null, { status: 204, headers: { allow } })
    },

    failureOf(c: AppContext): Failure {
      const { method, path } = c.req
      const allow = allowAt(path)
      if (allow === undefined) return notFound('path', path)
      const message = `Cannot ${method} "${path}": it takes ${allow}`
      return failure('method-not-allowed', message, { method, allow })
    },
  }

  function allowAt(path: string): string | undefined {
    return known.find(({ pattern }) => pattern.test(path))?.allow
  }
}

function allowOf(methods: readonly string[]): string {
  const all = methods.includes('GET') ? ['HEAD', ...methods] : methods
  return [...all, 'OPTIONS'].toSorted().join(', ')
}
