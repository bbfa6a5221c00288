import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { run } from '../../src/cli/run.ts'
import type { World } from '../../src/cli/world.ts'
import { Browser } from '../support/browser.ts'
import { invited, signInHouse } from '../support/sign-in-house.ts'

/** A user at a machine with a browser, which goes wherever the command line says. */
function desk(login: string) {
  const home = mkdtempSync(join(tmpdir(), 'cloudlet-login-'))
  const said = { stdout: '', stderr: '' }
  const pages: Promise<unknown>[] = []
  const output = (name: 'stderr' | 'stdout') => ({
    isTty: false,
    columns: 80,
    write: async (text: string) => {
      said[name] += text
      const address = /^ {2}(http:\S+)$/m.exec(text)?.[1]
      if (address !== undefined) pages.push(new Browser().visit(address, login))
    },
  })
  const world = (signal: AbortSignal): World => ({
    stdout: output('stdout'),
    stderr: output('stderr'),
    stdin: { isTty: false, ask: async () => '', all: async () => '' },
    env: {},
    home,
    isRoot: false,
    fetch: (url, init) => fetch(url, init),
    trusting: () => ({ fetch, authorities: async () => [] }),
    now: () => new Date(),
    newId: () => randomBytes(16).toString('hex'),
    signal,
    runHere: async () => 0,
  })
  return {
    said,
    pages,
    profile: () => JSON.parse(readFileSync(join(home, '.config/cloudlet/profile.json'), 'utf8')),
    type: (line: string, signal = new AbortController().signal) =>
      run(line.split(' '), world(signal)),
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  }
}

test('login --oidc gets a session by way of the browser, and logout ends it', async () => {
  await using at = await signInHouse()
  await invited(at.world, 'shop', { email: 'ann@example.com' })
  using user = desk('ann')
  assert.equal(await user.type(`login --oidc --endpoint ${at.origin}`), 0, user.said.stderr)
  await Promise.all(user.pages)
  assert.match(user.said.stdout, /as ann@example\.com of tenant "shop", role member/)
  const { apiKey, tenant } = user.profile().profiles.default
  assert.equal(tenant, 'shop')
  assert.equal((await at.world.call('GET /v1/whoami', { token: apiKey })).status, 200)
  // Neither the session nor what it was taken with is in the address that the user has seen.
  assert.ok(!user.said.stderr.includes(apiKey))
  assert.equal(await user.type('ps'), 0)
  assert.equal(await user.type('logout'), 0)
  assert.equal((await at.world.call('GET /v1/whoami', { token: apiKey })).status, 401)
})

test('login --oidc that is interrupted waits for nobody', async () => {
  await using at = await signInHouse()
  using user = desk('nobody')
  const stop = new AbortController()
  const ended = user.type(`login --oidc --endpoint ${at.origin}`, stop.signal)
  const waiting = setInterval(() => {
    if (user.said.stderr.includes('/v1/auth/login')) stop.abort()
  }, 5)
  assert.notEqual(await ended, 0)
  clearInterval(waiting)
  await Promise.allSettled(user.pages)
})

test('the code of a sign-in is good once, and with its verifier alone', async () => {
  await using at = await signInHouse()
  await invited(at.world, 'shop', { email: 'ann@example.com' })
  const verifier = 'v'.repeat(43)
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const challenge = Buffer.from(hash).toString('base64url')
  const body = async (good: string) => {
    const query = new URLSearchParams({ port: '65000', challenge, state: 's'.repeat(20) })
    // Nobody listens there, so the way ends at an address that holds the code.
    const browser = new Browser()
    await assert.rejects(browser.visit(`${at.login}?${query.toString()}`, 'ann'), /fetch failed/)
    const { origin, searchParams } = new URL(browser.last)
    assert.equal(origin, 'http://127.0.0.1:65000')
    return { code: searchParams.get('code'), verifier: good }
  }
  const exchange = async (asked: object) =>
    (await at.world.call('POST /v1/auth/token', { body: asked })).status
  const good = await body(verifier)
  assert.equal(await exchange(good), 200)
  assert.equal(await exchange(good), 403)
  const wrong = await body('w'.repeat(43))
  assert.equal(await exchange(wrong), 403)
  assert.equal(await exchange({ ...wrong, verifier }), 403)
})
