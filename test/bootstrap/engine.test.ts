import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { engineState, startDaemon } from '../../scripts/bootstrap/engine.js'
import { run } from '../../scripts/bootstrap/run.js'
import { pack } from '../../images/pack.ts'

/**
 * A second engine beside the machine's own, in a network namespace of its own: one without a bridge
 * removes docker0 from the namespace it runs in.
 */
const root = mkdtempSync(join(tmpdir(), 'cloudlet-engine-'))
const files = {
  socket: join(root, 'd.sock'),
  pidFile: join(root, 'd.pid'),
  containerdPidFile: join(root, 'exec/containerd/containerd.pid'),
  log: join(root, 'log'),
}
const daemon = {
  program: '/usr/bin/unshare',
  args: [
    '--net',
    'dockerd',
    `--config-file=${join(root, 'daemon.json')}`,
    `--data-root=${join(root, 'data')}`,
    `--exec-root=${join(root, 'exec')}`,
    `--pidfile=${files.pidFile}`,
    `--host=unix://${files.socket}`,
    '--bridge=none',
    '--iptables=false',
  ],
  env: { ...process.env },
  deadlineMs: 30_000,
}
const NAME = 'survivor'

before(async () => {
  writeFileSync(join(root, 'daemon.json'), '{"live-restore": true}')
  await startDaemon(files, daemon)
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
  await startDaemon(files, daemon)
  await ask('DELETE', `/containers/${NAME}?force=1`)
  const dockerd = pidIn(files.pidFile)
  process.kill(dockerd, 'SIGTERM')
  await gone(dockerd)
  // The daemon's root is a mount on itself.
  await run(['umount', join(root, 'data')], { quiet: true })
  rmSync(root, { recursive: true, force: true })
})

test('startDaemon() does nothing while the engine is at work', async () => {
  const pid = pidIn(files.pidFile)
  await startDaemon(files, daemon)
  assert.equal(pidIn(files.pidFile), pid)
})

test('startDaemon() starts an engine again that was killed, and its containers have lived on', async () => {
  const container = await containerPid()
  await kill(pidIn(files.pidFile))
  await startDaemon(files, daemon)
  assert.equal(await containerPid(), container)
})

test('startDaemon() ends a containerd that outlived its dockerd, and its containers live on', async () => {
  const container = await containerPid()
  await kill(pidIn(files.pidFile))
  // dockerd takes its containerd with it, except where the kernel does not tell: so by hand.
  const config = join(root, 'exec/containerd/containerd.toml')
  const socket = join(root, 'exec/containerd/containerd.sock')
  rmSync(socket, { force: true })
  const leftOver = spawn('containerd', ['--config', config], { stdio: 'ignore', detached: true })
  const ended = once(leftOver, 'exit')
  await until(() => existsSync(socket))
  writeFileSync(files.containerdPidFile, String(leftOver.pid))
  await startDaemon(files, daemon)
  assert.notEqual(pidIn(files.containerdPidFile), leftOver.pid)
  assert.deepEqual(await ended, [0, null], 'it was asked to end, and did')
  assert.equal(await containerPid(), container)
})

test('startDaemon() is not held up by pid files that name other programs', async () => {
  await kill(pidIn(files.pidFile))
  writeFileSync(files.pidFile, String(process.pid))
  writeFileSync(files.containerdPidFile, String(process.pid))
  await startDaemon(files, daemon)
  assert.equal(await engineState(files.socket), 'answers')
  assert.notEqual(pidIn(files.pidFile), process.pid)
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

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await gone(pid)
}

/** Waits until that process answers no more: a zombie counts as gone. */
async function gone(pid: number): Promise<void> {
  await until(() => !isAlive(pid))
}

async function until(holds: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(15_000)
  while (!holds()) await pause(20, undefined, { signal })
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
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
