import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { baseContext, demoContext } from '../../images/contexts.ts'
import { pack } from '../../images/pack.ts'
import { pinnedRuntime } from '../../scripts/bootstrap/packages.js'

const NODE = pinnedRuntime(join(import.meta.dirname, '../..'), 'node')
const SOCKET = '/var/run/docker.sock'
const OWN = `cloudlet-test-${process.pid}`

test('contexts are named by their content: the same twice, another with another base', async () => {
  const base = await baseContext()
  assert.match(base.tag, /^cloudlet\/base:[0-9a-f]{12}$/)
  assert.equal(base.latest, 'cloudlet/base:latest')
  assert.equal((await baseContext()).tag, base.tag)
  const demo = await demoContext({ node: NODE, nodeVersion: 'node@24', base: base.tag })
  const same = await demoContext({ node: NODE, nodeVersion: 'node@24', base: base.tag })
  const other = await demoContext({ node: NODE, nodeVersion: 'node@25', base: base.tag })
  assert.equal(same.tag, demo.tag)
  assert.notEqual(other.tag, demo.tag)
})

test('both images build, and the demo answers as any user on a read-only root', async (t) => {
  const base = `${OWN}/base:1`
  const demo = `${OWN}/demo:1`
  t.after(async () => {
    await ask('DELETE', `/containers/${OWN}?force=1`)
    for (const image of [demo, base]) await ask('DELETE', `/images/${image}`)
  })
  await build(base, pack(await baseContext()))
  await build(demo, pack(await demoContext({ node: NODE, nodeVersion: 'node@24', base })))

  const spec = {
    Image: demo,
    User: '12345:12345',
    Env: ['CLOUDLET_NAME=hello', 'CLOUDLET_TENANT=demo', 'PORT=9000'],
    HostConfig: { ReadonlyRootfs: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
  }
  await ask('POST', `/containers/create?name=${OWN}`, JSON.stringify(spec))
  await ask('POST', `/containers/${OWN}/start`)
  const details = await ask('GET', `/containers/${OWN}/json`)
  const address = /"IPAddress":"([\d.]+)"/.exec(details)?.[1]
  const page = await answered(`http://${address}:9000/`)
  assert.match(page, /<h1>hello is running<\/h1>/)

  await ask('POST', `/containers/${OWN}/stop?t=5`)
  const ended = await ask('GET', `/containers/${OWN}/json`)
  assert.match(ended, /"ExitCode":0,/)
})

async function build(tag: string, archive: Readable): Promise<void> {
  // A FROM of our own tag needs nothing from the network, and a build step has none.
  const query = new URLSearchParams({ t: tag, networkmode: 'none', forcerm: '1' })
  const output = await ask('POST', `/build?${query}`, archive)
  assert.match(output, /Successfully tagged/)
}

/** The first answer of a server that is still starting. */
async function answered(url: string): Promise<string> {
  const signal = AbortSignal.timeout(15_000)
  for (;;) {
    try {
      return await (await fetch(url, { signal })).text()
    } catch (error) {
      if (signal.aborted) throw error
      await pause(50)
    }
  }
}

function ask(method: string, path: string, body?: string | Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const type = typeof body === 'string' ? 'application/json' : 'application/x-tar'
    const options = { socketPath: SOCKET, method, path, headers: { 'content-type': type } }
    const asked = request({ ...options, signal: AbortSignal.timeout(90_000) }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) < 400) resolve(text)
        else reject(new Error(`${method} ${path}: ${text}`))
      })
    })
    asked.on('error', reject)
    if (typeof body === 'object') body.on('error', reject).pipe(asked)
    else asked.end(body)
  })
}
