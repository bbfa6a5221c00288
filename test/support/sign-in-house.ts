import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { User } from '../../src/contract/users.ts'
import type { App } from '../../src/http/shell.ts'
import { cloudWorld, type CloudWorld } from './cloud-world.ts'
import { CLIENT, identityProvider, type Account } from './identity-provider.ts'

const ACCOUNTS: Readonly<Record<string, Account>> = {
  ann: { email: 'Ann@Example.com', email_verified: true, name: 'Ann' },
  ben: { email: 'ben@example.com', email_verified: true, groups: ['dev', 'ops'] },
  eve: { email: 'ann@example.com', email_verified: false },
  mal: { email: 'ann@example.com', email_verified: true },
  zoe: { email: 'zoe@example.com', email_verified: true },
}

/** A platform on a real socket, and a real identity provider beside it. */
export async function signInHouse(env: Readonly<Record<string, string>> = {}) {
  let app: App | undefined
  const server = createServer((request, response) => {
    assert.ok(app)
    void getRequestListener(app.fetch)(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const origin = `http://127.0.0.1:${port}`
  const redirectUrl = `${origin}/v1/auth/callback`
  const accounts: Record<string, Account> = { ...ACCOUNTS }
  const provider = await identityProvider({ redirectUrl, accounts })
  const world = await cloudWorld({
    CLOUDLET_OIDC_ISSUER: provider.issuer,
    CLOUDLET_OIDC_CLIENT_ID: CLIENT.id,
    CLOUDLET_OIDC_CLIENT_SECRET: CLIENT.secret,
    CLOUDLET_OIDC_REDIRECT_URL: redirectUrl,
    ...env,
  })
  app = world.app
  for (const slug of ['shop', 'other']) await world.addTenant(slug)
  return {
    world,
    origin,
    provider,
    /** What the provider says of each from now on. */
    accounts,
    login: `${origin}/v1/auth/login`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await provider[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

/** Somebody who may sign in from now on. */
export async function invited(world: CloudWorld, tenant: string, body: object): Promise<User> {
  const token = world.admin.apiKey
  const answer = await world.call(`POST /v1/tenants/${tenant}/users`, { token, body })
  assert.equal(answer.status, 201)
  return User.parse(await answer.json())
}
