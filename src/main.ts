import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { readSettings, SettingsError, thisWorld } from './config.ts'
import { placesIn, type Instance } from './instance.ts'
import { jsonLog, type Log } from './log.ts'
import { keepRunning, type Child } from './supervisor/child.ts'
import { startEdge } from './supervisor/edge-process.ts'
import { thisRuntime } from './supervisor/runtime.ts'

/**
 * The supervisor: one control plane, one DNS process, N workers of the ingress. It starts them, starts
 * again what ends, and shuts down in order. It knows nothing else, so that little can end it.
 */

/** What `flock` answers when another control plane holds the data directory. */
const LOCKED = 75
/** What the control plane answers when it cannot work here; it has said why (sysexits, EX_CONFIG). */
const UNWORKABLE = 78
const LOCK_WAIT_SECONDS = 5
const CONTROL_GRACE_MS = 15_000
const EDGE_GRACE_MS = 10_000

const runtime = thisRuntime()

async function main(): Promise<void> {
  const settings = readSettings(thisWorld())
  const verbose = process.argv.includes('--verbose')
  const level = verbose
    ? 'debug'
    : (settings.CLOUDLET_LOG_LEVEL ?? (process.stderr.isTTY ? 'warn' : 'info'))
  const log = jsonLog({
    part: 'supervisor',
    least: level,
    now: () => new Date(),
    write: (line) => process.stderr.write(line),
  })
  const instance = await prepared()
  const children: Child[] = []
  const stop = once(() => stopAll(children, instance))
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void stop())

  const control = startControlPlane(instance, { level, log, stop })
  children.push(control)
  const roles = [
    'dns',
    ...Array.from({ length: instance.workers }, (_, i) => `ingress-${i}` as const),
  ] as const
  try {
    const edges = await Promise.all(roles.map((role) => edgeOf(role, { instance, level, log })))
    children.unshift(...edges)
  } catch (error) {
    log('error', 'Cannot start the edge', { error })
    process.exitCode = 1
    await stop()
  }
}

/** Chooses and checks in a process of its own; what is wrong it has said itself. */
function prepared(): Promise<Instance> {
  const [program = '', ...args] = runtime.command('src/prepare.ts')
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      // Written by `prepare.ts` alone.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      if (code === 0) resolve(JSON.parse(text) as Instance)
      else process.exit(code ?? 1)
    })
  })
}

interface Around {
  readonly level: string
  readonly log: Log
  readonly stop: () => Promise<void>
}

function startControlPlane(instance: Instance, { level, log, stop }: Around): Child {
  const { lock } = placesIn(instance.dataDir)
  // The kernel holds the lock for as long as the process lives, and not a moment longer.
  const held = [
    'flock',
    '--no-fork',
    '--wait',
    String(LOCK_WAIT_SECONDS),
    '--conflict-exit-code',
    String(LOCKED),
    lock,
  ]
  return keepRunning(
    {
      name: 'control-plane',
      command: [...held, ...runtime.command('src/control-plane.ts', { instance, level })],
      detached: true,
      // It ends when its standard input does: no control plane outlives its supervisor.
      stdio: ['pipe', 'pipe', 'inherit'],
      started: tellUser,
      mayRestart(code) {
        if (code !== LOCKED && code !== UNWORKABLE) return true
        if (code === LOCKED) {
          process.stderr.write(
            `cloudlet: Another Cloudlet runs with the data directory ${instance.dataDir}\n`,
          )
        }
        process.exitCode = 1
        void stop()
        return false
      },
    },
    log,
  )
}

/** What the control plane has to say to the one who started it: each line of its standard output. */
function tellUser({ stdout, stdin }: ChildProcess): void {
  // A write to a process that has just ended is no news: its end is told apart.
  stdin?.on('error', () => undefined)
  if (stdout)
    createInterface({ input: stdout }).on('line', (line) => process.stdout.write(`${line}\n`))
}

interface EdgeAround {
  readonly instance: Instance
  readonly level: string
  readonly log: Log
}

function edgeOf(
  role: 'dns' | `ingress-${number}`,
  { instance, level, log }: EdgeAround,
): Promise<Child> {
  const plain = runtime.command('src/edge.ts', { instance, role, level })
  return startEdge(
    {
      role,
      socket: `${placesIn(instance.dataDir).edge}/${role}.sock`,
      command: instance.edgeUid === null ? plain : confined(plain, instance.edgeUid),
      // Deno cannot share a UDP port between processes.
      overlaps: role !== 'dns' || runtime.kind === 'node',
    },
    log,
  )
}

/**
 * Parses hostile bytes, so it can do nothing: it binds its ports, then becomes its own user, and can
 * never gain anything again. Until then it is root with two capabilities, and reads its program, which
 * may lie where no other user may go.
 */
function confined(command: readonly string[], uid: number): string[] {
  const keep = '-all,+setuid,+net_bind_service'
  const walls = [
    '--clear-groups',
    '--regid',
    String(uid),
    '--no-new-privs',
    `--bounding-set=${keep}`,
    '--inh-caps=-all',
  ]
  return ['setpriv', ...walls, ...command]
}

async function stopAll(children: readonly Child[], instance: Instance): Promise<void> {
  const control = children.at(-1)
  await control?.stop(CONTROL_GRACE_MS)
  await Promise.all(children.slice(0, -1).map((child) => child.stop(EDGE_GRACE_MS)))
  if (process.exitCode !== undefined) return process.exit()
  process.stdout.write(
    `Stopped. Containers keep running; \`npm start\` brings ${instance.dataDir} back.\n`,
  )
  process.exit(0)
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= run())
}

main().catch((error: unknown) => {
  if (!(error instanceof SettingsError)) throw error
  process.stderr.write(`cloudlet: ${error.message}\n`)
  process.exitCode = 1
})
