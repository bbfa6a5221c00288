import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exchangeCode, LOGIN_PATH } from '../../contract/sign-in.ts'
import { clientFor } from '../session.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT } from '../exit.ts'
import type { Profile } from '../profile.ts'

/** As long as somebody may take to find their password. */
const PATIENCE_MS = 5 * 60_000
const DONE = 'You are signed in. This page can be closed.\n'

interface Asked {
  readonly at: Pick<Profile, 'ca' | 'endpoint'>
  readonly tenant: string | null
}

/**
 * Signs a person in with the identity provider (RFC 8252): the browser comes back to a port of this
 * machine with a code that is of no use without the verifier, which never leaves this program.
 */
export async function browserProfile(context: Context, { at, tenant }: Asked): Promise<Profile> {
  const { world } = context
  const [state, verifier] = [world.newId(), `${world.newId()}${world.newId()}${world.newId()}`]
  const server = createServer()
  try {
    const port = await listening(server)
    const address = new URL(LOGIN_PATH, at.endpoint)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const asked = { port: String(port), challenge, state, ...(tenant === null ? {} : { tenant }) }
    address.search = new URLSearchParams(asked).toString()
    await context.note(`Open this address in a browser of this machine:\n\n  ${address.href}\n`)
    const code = await codeFrom(
      server,
      state,
      AbortSignal.any([world.signal, AbortSignal.timeout(PATIENCE_MS)]),
    )
    const { apiKey } = await clientFor(world, at).call(exchangeCode, {
      body: { code, verifier },
    })
    return { ...at, apiKey }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new CommandError(EXIT.failed, 'Cannot listen on 127.0.0.1')
}

/** Waits for the browser. Whatever else asks at this port is told nothing, and ends nothing. */
function codeFrom(server: Server, state: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const stop = (): void =>
    reject(new CommandError(EXIT.refused, 'Cannot sign in: nobody came back from the browser'))
  signal.addEventListener('abort', stop, { once: true })
  server.on('request', (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const code = searchParams.get('code')
    const isOurs = code !== null && searchParams.get('state') === state
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' })
    response.end(isOurs ? DONE : '', () => {
      if (isOurs) resolve(code)
    })
  })
  return promise.finally(() => signal.removeEventListener('abort', stop))
}
