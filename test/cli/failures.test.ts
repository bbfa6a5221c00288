import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desk } from './command-line.ts'
import { problem } from './fake-platform.ts'
import { operation } from './samples.ts'
import { freePort } from '../support/registry.ts'

const CODES = [
  [400, 'invalid-input', 1],
  [401, 'invalid-token', 4],
  [403, 'not-allowed', 4],
  [403, 'quota-exceeded', 6],
  [404, 'not-found', 5],
  [409, 'state-conflict', 1],
  [503, 'engine-unavailable', 1],
  [504, 'timed-out', 7],
] as const

for (const [status, code, exit] of CODES) {
  test(`the answer ${code} is one sentence on stderr and exit code ${exit}`, async () => {
    await using user = await desk({ 'containers.list': () => problem(status, code) })
    const ended = await user.type('ps')
    assert.equal(ended.code, exit)
    assert.equal(ended.stdout, '')
    assert.equal(ended.stderr.split('\n')[0], `cloudlet: Cannot do it: ${code}`)
  })
}

test('each wrong field is named with its pointer', async () => {
  await using user = await desk()
  const { code, stderr } = await user.type('run demo --name Bad --memory 1k')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /\n {2}\/body\/name: a lower-case letter.*\n {2}\/body\/memoryBytes: Too small/,
  )
})

test('an endpoint where nothing answers ends with 3 and says how to start the platform', async () => {
  await using user = await desk()
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const env = { CLOUDLET_ENDPOINT: endpoint }
  const { code, stderr } = await user.type('ps', { env })
  assert.equal(code, 3)
  assert.equal(
    stderr,
    `cloudlet: Cannot reach the platform at ${endpoint}: is it running? Start it with "npm start"\n`,
  )
})

test('doctor looks at this machine where nothing answers, but not for a platform elsewhere', async () => {
  await using user = await desk()
  const port = await freePort()
  const near = { CLOUDLET_ENDPOINT: `http://127.0.0.1:${port}` }
  const here = await user.type('doctor', { env: near })
  assert.deepEqual(here, { code: 1, stdout: '', stderr: '' })
  const elsewhere = { CLOUDLET_ENDPOINT: `http://127.0.0.2:${port}` }
  assert.equal((await user.type('doctor', { env: elsewhere })).code, 3)
})

test('without a key it ends with 4 and says how to sign in', async () => {
  await using user = await desk()
  const { code, stderr } = await user.typeAlone(['ps', '--endpoint', user.platform.endpoint])
  assert.equal(code, 4)
  assert.match(stderr, /there is no key for it\nSign in: cloudlet login --endpoint http/)
  assert.deepEqual(user.platform.ids, [])
})

test('an answer of another program is told from one of the platform', async () => {
  await using user = await desk({ 'containers.list': () => ({ value: { hello: 'world' } }) })
  const { code, stderr } = await user.type('ps')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /Cannot understand the answer to GET \/v1\/tenants\/demo\/containers at "items"/,
  )
})

test('--verbose adds the id of the request', async () => {
  await using user = await desk({ 'containers.list': () => problem(403, 'not-allowed') })
  assert.match((await user.type('ps --verbose')).stderr, /request req-12345678\n/)
})

test('a failed operation ends as the failure itself would have', async () => {
  const shortage = { code: 'quota-exceeded', message: 'Cannot create it: the quota', details: {} }
  await using user = await desk({
    'operations.get': () => ({ value: { ...operation, state: 'failed', error: shortage } }),
  })
  const { code, stderr } = await user.type('ops wait o0000000000000aa')
  assert.deepEqual([code, stderr], [6, 'cloudlet: Cannot create it: the quota\n'])
})

const WRONG_LINES = [
  ['stpo a', /There is no command "stpo"; did you mean "stop"\?/],
  ['containers lsit', /There is no command "containers lsit"; did you mean "list"\?/],
  ['tenant', /Command "tenant" needs one more word\n"tenant" goes with: create, list/],
  ['ps extra', /Unexpected "extra"/],
  ['stop', /Missing <container>/],
  ['ps --stat running', /Unknown option "--stat"; did you mean "--state"\?/],
  ['ps --state runing', /did you mean "running"\?/],
  ['run demo --memory lots', /a size is like 256m or 1g/],
  ['run demo --cpu fast', /CPUs are like 500m or 0\.5/],
  ['run demo -p 80:80', /Ports are not mapped/],
  ['run demo -e NOVALUE', /KEY=VALUE/],
  ['run demo --name', /Option "--name" needs a value/],
  ['run demo --name --detach', /Option "--name" needs a value/],
  ['logs hello --tail ten', /a whole number is needed/],
  ['logs hello --since yesterday', /a time is like/],
  ['completion tcsh', /One of: bash, zsh, fish/],
  ['containers create demo --ports {', /it is not JSON/],
  ['--profile nobody ps', /There is no profile "nobody"/],
] as const

for (const [line, expected] of WRONG_LINES) {
  test(`"cloudlet ${line}" is refused with 2 before anything is asked`, async () => {
    await using user = await desk()
    const env = line.startsWith('--profile') ? { CLOUDLET_API_KEY: '' } : {}
    const { code, stdout, stderr } = await user.type(line, { env })
    assert.equal(code, 2, stderr)
    assert.match(stderr, expected)
    assert.equal(stdout, '')
    assert.deepEqual(user.platform.ids, [])
  })
}
