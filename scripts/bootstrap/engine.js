import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BootstrapError } from './failure.js'
import { SYSTEM_PATH, run } from './run.js'

const PING_MS = 3000
const START_MS = 90_000
const END_MS = 10_000
const POLL_MS = 100
const ANSWER_BYTES = 1 << 20

/** What an engine that Cloudlet installs is told. Containers then outlive a restart of dockerd. */
export const ENGINE_SETTINGS = {
  'live-restore': true,
  'userland-proxy': false,
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '3' },
}

/**
 * Where one dockerd keeps what this module has to know; a second engine has other paths.
 *
 * @typedef {object} EngineFiles
 * @property {string} socket
 * @property {string} pidFile
 * @property {string} containerdPidFile of the containerd that dockerd starts itself
 * @property {string} log
 */

/** @param {string} socket @returns {EngineFiles} */
export function engineFiles(socket) {
  return {
    socket,
    pidFile: '/var/run/docker.pid',
    containerdPidFile: '/var/run/docker/containerd/containerd.pid',
    log: '/var/log/cloudlet-engine.log',
  }
}

/**
 * Asks the engine, with a deadline. `denied` is a socket that this user may not open.
 *
 * @param {string} socket
 * @param {number} [deadlineMs]
 * @returns {Promise<'answers' | 'silent' | 'denied'>}
 */
export async function engineState(socket, deadlineMs = PING_MS) {
  try {
    const { status } = await get(socket, '/_ping', deadlineMs)
    return status === 200 ? 'answers' : 'silent'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'silent'
  }
}

/**
 * What the found engine lacks, as one sentence, or nothing. Its settings are the operator's, so
 * they are named and never changed.
 *
 * @param {Record<string, unknown>} info the engine's answer to GET /info
 * @param {string} daemonJson the text of /etc/docker/daemon.json, empty when there is none
 */
export function engineAdvice(info, daemonJson) {
  const settings = parsed(daemonJson)
  const limited = Object.hasOwn(Object(settings['log-opts']), 'max-size')
  const wanted = [
    info['LiveRestoreEnabled'] !== true && '"live-restore": true',
    settings['userland-proxy'] !== false && '"userland-proxy": false',
    info['LoggingDriver'] === 'json-file' &&
      !limited &&
      '"log-opts": {"max-size": "10m", "max-file": "3"}',
  ].filter(Boolean)
  if (wanted.length === 0) return ''
  return `The engine is left as it was found; it would be better with ${wanted.join(', ')} in /etc/docker/daemon.json`
}

/** @param {string} socket @returns {Promise<Record<string, unknown>>} */
export async function engineInfo(socket) {
  const { body } = await get(socket, '/info', PING_MS)
  return parsed(body)
}

/** Writes the settings unless there are some. Answers whether it wrote. */
export function configureEngine(path = '/etc/docker/daemon.json') {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(ENGINE_SETTINGS, null, 2)}\n`, { flag: 'wx', mode: 0o644 })
  return true
}

/** @param {EngineFiles} files */
export async function startWithSystemd(files) {
  const { status, output } = await run(['systemctl', 'start', 'docker'], { quiet: true })
  if (status !== 0) throw new BootstrapError(`Cannot start the Docker Engine:\n${output}`)
  await answering(files.socket, START_MS, () => '')
}

/**
 * Starts dockerd as a daemon of its own: an own session, so that neither a closed terminal nor
 * npm's end reaches it, and its output in a file.
 *
 * @param {EngineFiles} files
 * @param {{ program: string, args?: string[], env: NodeJS.ProcessEnv, deadlineMs?: number }} daemon
 */
export async function startDaemon(files, { program, args = [], env, deadlineMs = START_MS }) {
  const running = await clearStaleState(files)
  let failure = ''
  if (!running) {
    mkdirSync(dirname(files.log), { recursive: true })
    const log = openSync(files.log, 'a', 0o640)
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      env: daemonEnv(env),
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.once('error', (error) => (failure = error.message))
    child.once('exit', (code, signal) => (failure = `it ended with ${signal ?? code}`))
    child.unref()
  }
  try {
    await answering(files.socket, deadlineMs, () => failure)
  } catch (error) {
    throw new BootstrapError(
      `Cannot start the Docker Engine: ${messageOf(error)}\n${tail(files.log)}`,
      {
        cause: error,
      },
    )
  }
}

/**
 * Removes what a dockerd that was killed left behind and the next one would stumble over, and
 * answers whether one is at work after all. Each case was seen with 20.10:
 *
 * - dockerd refuses to start while the process in its pid file lives, whatever program that is
 *   after a day or a boot, and even when it is only a zombie that init has not reaped yet;
 * - it takes a live pid in containerd's pid file for containerd, and waits for it in vain;
 * - it does not adopt a containerd that did survive either: it removes its socket and gives up. So
 *   that one is ended. The containers do not notice: their shims live on and are found again.
 *
 * @param {Pick<EngineFiles, 'pidFile' | 'containerdPidFile'>} files
 */
export async function clearStaleState({ pidFile, containerdPidFile }) {
  if (processIn(pidFile, 'dockerd')) return true
  rmSync(pidFile, { force: true })
  // The one of the system's own containerd service has another folder in its command line.
  const leftOver = processIn(containerdPidFile, 'containerd', dirname(containerdPidFile))
  if (leftOver) await endProcess(leftOver, containerdPidFile)
  rmSync(containerdPidFile, { force: true })
  return false
}

/** @param {number} pid @param {string} pidFile */
async function endProcess(pid, pidFile) {
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
    signalTo(pid, signal)
    const end = Date.now() + END_MS
    while (Date.now() < end) {
      if (!processIn(pidFile, 'containerd')) return
      await pause(POLL_MS)
    }
  }
  throw new BootstrapError(`Cannot end the containerd that a dead dockerd left behind: ${pid}`)
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function signalTo(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended by itself meanwhile, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/**
 * The pid in that file when the process is alive, no zombie, the program of that name, and has
 * `argument` somewhere in its command line.
 *
 * @param {string} pidFile
 * @param {string} name
 */
function processIn(pidFile, name, argument = '') {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim())
    // `pid (name) state …`: the name may hold anything, so the last parenthesis counts (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const alive = !'ZX'.includes(stat[stat.lastIndexOf(')') + 2] ?? 'X')
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return alive && command === name && commandLine.includes(argument) ? pid : undefined
  } catch {
    // No pid file, or nobody under that pid.
    return undefined
  }
}

/** @param {string} socket @param {number} deadlineMs @param {() => string} failure */
async function answering(socket, deadlineMs, failure) {
  const end = Date.now() + deadlineMs
  while (Date.now() < end) {
    if ((await engineState(socket, 1000)) === 'answers') return
    if (failure() !== '') throw new BootstrapError(failure())
    await pause(POLL_MS)
  }
  throw new BootstrapError(
    `it did not answer on ${socket} within ${Math.round(deadlineMs / 1000)} s`,
  )
}

/** @param {NodeJS.ProcessEnv} env */
function daemonEnv(env) {
  const kept = Object.entries(env).filter(([name]) => !/^(npm_|NODE|CLOUDLET_|INIT_CWD)/.test(name))
  return { ...Object.fromEntries(kept), PATH: SYSTEM_PATH }
}

/**
 * @param {string} socket
 * @param {string} path
 * @param {number} deadlineMs
 * @returns {Promise<{ status: number, body: string }>}
 */
function get(socket, path, deadlineMs) {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(deadlineMs)
    const asked = request({ socketPath: socket, path, signal, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk) => {
        body += chunk
        if (body.length > ANSWER_BYTES) answer.destroy(new Error('the answer is too long'))
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** @param {string} text @returns {Record<string, unknown>} */
function parsed(text) {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Absent or broken settings are settings that say nothing.
    return {}
  }
}

/** @param {string} log */
function tail(log) {
  if (!existsSync(log)) return ''
  return readFileSync(log, 'utf8').split('\n').slice(-21).join('\n')
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
