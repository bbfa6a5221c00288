import type { Fetch } from '../client/transport.ts'

/** Who may vouch for the names that are called, and a way to call with that. */
export interface Trusted {
  readonly fetch: Fetch
  /** Certificates, PEM. */
  readonly authorities: () => Promise<readonly string[]>
}

interface Deno {
  createHttpClient(options: { readonly caCerts: readonly string[] }): unknown
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what Deno documents of itself
const deno = (globalThis as { readonly Deno?: Deno }).Deno

/**
 * Trusts the authorities of the runtime and of the system, and this one beside them: nothing turns the check off. Node
 * has one list for the whole process, so a command that calls two platforms trusts the authorities of both.
 */
export function trusting(ca: string | null): Trusted {
  let known: Promise<readonly string[]> | undefined
  const authorities = (): Promise<readonly string[]> => (known ??= authoritiesWith(ca))
  let ready: Promise<Fetch> | undefined
  const fetchWith = async (): Promise<Fetch> => fetchTrusting(await authorities())
  return {
    authorities,
    fetch: async (url, init) => (await (ready ??= fetchWith()))(url, init),
  }
}

async function authoritiesWith(ca: string | null): Promise<readonly string[]> {
  const { getCACertificates } = await import('node:tls')
  const known = [...getCACertificates('default'), ...getCACertificates('system')]
  return [...new Set([...known, ...(ca === null ? [] : [ca])])]
}

async function fetchTrusting(caCerts: readonly string[]): Promise<Fetch> {
  if (deno !== undefined) {
    const client = deno.createHttpClient({ caCerts })
    return (url, init) => {
      const withClient = { ...init, client }
      return fetch(url, withClient)
    }
  }
  const { setDefaultCACertificates } = await import('node:tls')
  setDefaultCACertificates(caCerts)
  return (url, init) => fetch(url, init)
}
