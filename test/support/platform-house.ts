import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DENO_FLAGS } from '../../scripts/bootstrap/deno.js'
import { pinnedRuntime } from '../../scripts/bootstrap/packages.js'
import { placesIn } from '../../src/instance.ts'
import { strays } from './platform-processes.ts'
import { until } from './wait.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY_MS = 90_000
const STOP_MS = 30_000
const OUTPUT_MOST = 400_000
const SHOWN = 4_000

export type House = ReturnType<typeof platformHouse>
export type Settings = Readonly<Record<string, string>>
type Place = Pick<House, 'folder' | 'dataDir' | 'settings'>

/** What one platform is on this machine, whether it runs or not: its folders and its supervisor. */
export function platformHouse(env: Settings) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-platform-'))
  const home = join(folder, 'home')
  const dataDir = join(folder, 'data')
  mkdirSync(home)
  const settings: Settings = { ...ownSettings(home, dataDir), ...env }
  const uid = settings[TEST_UID]
  if (uid !== undefined) for (const path of [folder, home]) chownSync(path, Number(uid), -1)
  const leave = (): void => {
    if (supervisor?.pid !== undefined && isUp(supervisor)) killNow(supervisor.pid)
    sweepNow({ folder, dataDir, settings })
  }
  let output = ''
  let supervisor: ChildProcess | undefined
  process.once('exit', leave)

  return {
    folder,
    home,
    dataDir,
    settings,
    supervisor: () => supervisor,
    output: () => output,
    lately: () => output.slice(-SHOWN),

    /** Starts the supervisor; answers whether it came to say that it is ready. */
    async begin(): Promise<boolean> {
      output = ''
      const [program = '', ...args] = commandOf('src/main.ts', settings)
      const child = spawn(program, args, {
        cwd: ROOT,
        env: { ...settings },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      supervisor = child
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output = (output + text).slice(-OUTPUT_MOST)
        })
      }
      let ended = false
      child.once('close', () => (ended = true))
      const ready = (): boolean => output.includes('Cloudlet is ready.')
      await until('the platform is ready', () => ready() || ended, READY_MS).catch(
        (cause: unknown) => {
          throw new Error(`The platform does not come up:\n${output.slice(-SHOWN)}`, { cause })
        },
      )
      return ready()
    },

    /** As Ctrl-C does: in order, and with a good word in the end. */
    async end(): Promise<void> {
      if (!supervisor || !isUp(supervisor)) return
      const ended = once(supervisor, 'close', { signal: AbortSignal.timeout(STOP_MS) })
      supervisor.kill('SIGTERM')
      await ended
      assert.equal(supervisor.exitCode, 0, output.slice(-SHOWN))
      assert.match(output, /Stopped\. Containers keep running/)
    },

    /** Ends and removes everything, however far it came. */
    async sweep(): Promise<void> {
      process.off('exit', leave)
      // First the one that would start the others again.
      if (supervisor && isUp(supervisor)) supervisor.kill('SIGKILL')
      await removed({ folder, dataDir, settings })
    },
  }
}

const isUp = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null

async function removed({ folder, dataDir, settings }: Place): Promise<void> {
  await until('every process is gone', () => {
    const left = strays(dataDir)
    for (const pid of left) killNow(pid)
    return left.length === 0
  })
  if (existsSync(placesIn(dataDir).instance)) {
    const { status, said } = await runProgram(settings, 'src/uninstall.ts')
    assert.equal(status, 0, `Left in ${folder}: ${said}`)
  }
  rmSync(folder, { recursive: true, force: true })
}

const ownSettings = (home: string, dataDir: string): Settings => ({
  ...outerEnvironment(),
  HOME: home,
  CLOUDLET_DATA_DIR: dataDir,
  CLOUDLET_API_ADDRESS: '127.0.0.1:0',
  CLOUDLET_INGRESS_HTTP_ADDRESS: '127.0.0.1:0',
  CLOUDLET_INGRESS_HTTPS_ADDRESS: '127.0.0.1:0',
  CLOUDLET_DNS_ADDRESS: '127.0.0.1:0',
  CLOUDLET_LOG_LEVEL: 'debug',
})

/** Runs a program of the project under the runtime that is tested, with a platform's settings. */
export async function runProgram(settings: Settings, program: string, ...args: string[]) {
  const [command = '', ...words] = [...commandOf(program, settings), ...args]
  const child = spawn(command, words, {
    cwd: ROOT,
    env: { ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STOP_MS,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  await once(child, 'close')
  return { status: child.exitCode, said }
}

/** The last resort, where this process is about to end and can wait for nothing. */
function sweepNow({ folder, dataDir, settings }: Place): void {
  for (const pid of strays(dataDir)) killNow(pid)
  const { instance, lock } = placesIn(dataDir)
  if (existsSync(instance)) {
    // Whoever held it has just been killed, and may need a moment to be gone.
    spawnSync('flock', ['--wait', '5', lock, 'true'])
    for (const pid of strays(dataDir)) killNow(pid)
    const [command = '', ...words] = commandOf('src/uninstall.ts', settings)
    const env = { ...settings }
    const { status, stderr } = spawnSync(command, words, { cwd: ROOT, env, timeout: STOP_MS })
    // Its data stays: without it nobody could tell whose the rest is.
    if (status !== 0) return void process.stderr.write(`Left in ${folder}: ${String(stderr)}\n`)
  }
  rmSync(folder, { recursive: true, force: true })
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** How a program of the project is started under the runtime, and as the user, that is tested. */
function commandOf(program: string, settings: Settings): string[] {
  const runtime = testRuntime()
  const flags = runtime === 'deno' ? ['run', ...DENO_FLAGS] : []
  const command = [pinnedRuntime(ROOT, runtime), ...flags, join(ROOT, program)]
  const uid = settings[TEST_UID]
  return uid === undefined ? command : [...asUser(Number(uid)), ...command]
}

/** Whose processes they are, where not this one's user's. */
const TEST_UID = 'CLOUDLET_TEST_UID'
const ENGINE_SOCKET = '/var/run/docker.sock'

/**
 * A user who may open the engine's socket. That it may read every file stands for a clone of its own: this
 * one may lie in a folder that only root can enter.
 */
const asUser = (uid: number): string[] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${statSync(ENGINE_SOCKET).gid}`,
  '--clear-groups',
  '--inh-caps=-all,+dac_read_search',
  '--ambient-caps=-all,+dac_read_search',
]

/** Under which runtime the platform is tested; the tests themselves run under whichever runs them. */
export const testRuntime = (): 'node' | 'deno' =>
  process.env['CLOUDLET_TEST_RUNTIME'] === 'deno' ? 'deno' : 'node'

/** The tests' own environment without the settings of whatever platform its user has. */
export function outerEnvironment(): Record<string, string> {
  const given = Object.entries(process.env).flatMap(([key, value]) =>
    value === undefined || /^(CLOUDLET_|XDG_|NODE_TEST|SSH_)/.test(key)
      ? []
      : [[key, value] as const],
  )
  return Object.fromEntries(given)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Ends through `exit`, which takes the platforms along.
  process.once(signal, () => process.exit(1))
}
