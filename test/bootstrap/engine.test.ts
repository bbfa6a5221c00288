import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { engineState, startDaemon } from '../../scripts/bootstrap/engine.js'
import { pack } from '../../images/pack.ts'
import { ownDaemon } from '../support/own-engine.ts'
import { until } from '../support/wait.ts'

/** A second engine, whose containers live on without it. */
const engine = ownDaemon({ settings: { 'live-restore': true } })
const { root, files, daemon } = engine
const NAME = 'survivor'

before(async () => {
  await engine.start()
  const busybox = { path: 'bin/busybox', mode: 0o755, source: '/bin/busybox' }
  const archive = pack({ tag: '', latest: '', dockerfile: '', entries: [busybox] })
  await ask('POST', '/images/create?fromSrc=-&repo=busybox&tag=test', archive)
  const spec = {
    Image: 'busybox:test',
    Cmd: ['/bin/busybox', 'sleep', '600'],
    HostConfig: { NetworkMode: 'none' },
  }
  await ask('POST', `/containers/create?name=${NAME}`, Readable.from([JSON.stringify(spec)]))
  await ask('POST', `/containers/${NAME}/start`)
})

after(async () => {
  await engine.start()
  await ask('DELETE', `/containers/${NAME}?force=1`)
  await engine.remove()
})

test('startDaemon() does nothing while the engine is at work', async () => {
  const pid = engine.pid()
  await startDaemon(files, daemon)
  assert.equal(engine.pid(), pid)
})

test('startDaemon() starts an engine again that was killed, and its containers have lived on', async () => {
  const container = await containerPid()
  await engine.end('SIGKILL')
  await startDaemon(files, daemon)
  assert.equal(await containerPid(), container)
})

test('startDaemon() ends a containerd that outlived its dockerd, and its containers live on', async () => {
  const container = await containerPid()
  await engine.end('SIGKILL')
  // dockerd takes its containerd with it, except where the kernel does not tell: so by hand.
  const config = join(root, 'exec/containerd/containerd.toml')
  const socket = join(root, 'exec/containerd/containerd.sock')
  rmSync(socket, { force: true })
  const leftOver = spawn('containerd', ['--config', config], { stdio: 'ignore', detached: true })
  const ended = once(leftOver, 'exit')
  await until('the left-over containerd listens', () => existsSync(socket))
  writeFileSync(files.containerdPidFile, String(leftOver.pid))
  await startDaemon(files, daemon)
  assert.notEqual(pidIn(files.containerdPidFile), leftOver.pid)
  assert.deepEqual(await ended, [0, null], 'it was asked to end, and did')
  assert.equal(await containerPid(), container)
})

test('startDaemon() is not held up by pid files that name other programs', async () => {
  await engine.end('SIGKILL')
  writeFileSync(files.pidFile, String(process.pid))
  writeFileSync(files.containerdPidFile, String(process.pid))
  await startDaemon(files, daemon)
  assert.equal(await engineState(files.socket), 'answers')
  assert.notEqual(engine.pid(), process.pid)
})

test('startDaemon() shows the log of an engine that cannot start', async () => {
  const other = { ...files, socket: join(root, 'e.sock'), pidFile: join(root, 'e.pid') }
  const lame = {
    ...other,
    containerdPidFile: join(root, 'e/containerd.pid'),
    log: join(root, 'e.log'),
  }
  const broken = startDaemon(lame, { ...daemon, args: ['dockerd', '--no-such-flag'] })
  await assert.rejects(broken, /Cannot start the Docker Engine: it ended with 1\n.*no-such-flag/s)
})

test('engineState() is silent where nobody listens', async () => {
  assert.equal(await engineState(join(root, 'nobody.sock')), 'silent')
})

function pidIn(path: string): number {
  return Number(readFileSync(path, 'utf8'))
}

async function containerPid(): Promise<number> {
  const { State } = await ask('GET', `/containers/${NAME}/json`)
  assert.equal(State?.Running, true)
  return State.Pid
}

interface Answer {
  readonly State?: { readonly Running: boolean; readonly Pid: number }
}

/** Only the container's own answer is JSON that anybody reads here. */
function stateIn(text: string): Answer {
  if (!text.startsWith('{"Id"')) return {}
  const answer: Answer = JSON.parse(text)
  return answer
}

function ask(method: string, path: string, body?: Readable): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const type = path.startsWith('/images') ? 'application/x-tar' : 'application/json'
    const options = { socketPath: files.socket, method, path, headers: { 'content-type': type } }
    const asked = request({ ...options, signal: AbortSignal.timeout(30_000) }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${text}`))
        else resolve(stateIn(text))
      })
    })
    asked.on('error', reject)
    if (body) body.pipe(asked)
    else asked.end()
  })
}
