import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { startDaemon } from '../../scripts/bootstrap/engine.js'
import { run } from '../../scripts/bootstrap/run.js'
import { gone, isAlive, killed, shimsOf } from './platform-processes.ts'

const START_MS = 60_000

interface EngineWanted {
  /** What daemon.json says. */
  readonly settings?: object
  /** Without, no container can have a network, and nothing is done to a packet filter. */
  readonly hasBridge?: boolean
  /** In mounts of its own, the end of the daemon is the end of its containers' networks. */
  readonly hasOwnMounts?: boolean
  /** A process whose namespaces it is started in each time, so that it finds its containers as it left them. */
  readonly within?: number
}

/** Network namespaces of containers are mounts under /run/docker, whatever the exec root is. */
const PREPARE = 'mount -t tmpfs tmpfs /run/docker && ip link set lo up && exec "$0" "$@"'
const OWN_MOUNTS = ['--mount', '--propagation', 'private', 'sh', '-c', PREPARE]

/**
 * A second engine beside the machine's own, yet to be started: in a network namespace of its own, since one without a
 * bridge removes docker0 from the namespace it runs in.
 */
export function ownDaemon(wanted: EngineWanted = {}) {
  const { settings = {}, hasBridge = false, hasOwnMounts = false, within } = wanted
  const root = mkdtempSync(join(tmpdir(), 'cloudlet-own-engine-'))
  const pidFile = join(root, 'd.pid')
  const files = {
    socket: join(root, 'd.sock'),
    pidFile,
    containerdPidFile: join(root, 'exec/containerd/containerd.pid'),
    log: join(root, 'log'),
  }
  const dockerd = [
    'dockerd',
    `--config-file=${join(root, 'daemon.json')}`,
    `--data-root=${join(root, 'data')}`,
    `--exec-root=${join(root, 'exec')}`,
    `--pidfile=${pidFile}`,
    `--host=unix://${files.socket}`,
    ...(hasBridge ? [] : ['--bridge=none', '--iptables=false']),
  ]
  const [program = '', ...args] = [
    ...(within === undefined
      ? ['/usr/bin/unshare', '--net', ...(hasOwnMounts ? OWN_MOUNTS : [])]
      : ['/usr/bin/nsenter', '--target', String(within), '--net', '--mount']),
    ...dockerd,
  ]
  const daemon = { program, args, env: { ...process.env }, deadlineMs: START_MS }
  writeFileSync(join(root, 'daemon.json'), JSON.stringify(settings))

  const pid = (): number => Number(readFileSync(pidFile, 'utf8'))
  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const daemonPid = pid()
    process.kill(daemonPid, signal)
    await gone(daemonPid, START_MS)
  }
  async function remove(): Promise<void> {
    if (isAlive(pid())) await end('SIGTERM')
    // One that was killed while it made a container can leave the shim of it behind.
    await Promise.all(shimsOf(root).map((shim) => killed(shim)))
    // The daemon's root is a mount on itself.
    await run(['umount', join(root, 'data')], { quiet: true })
    rmSync(root, { recursive: true, force: true })
  }
  const start = (): Promise<void> => startDaemon(files, daemon)
  return { root, files, daemon, pid, start, end, remove }
}

export interface OwnEngine {
  readonly socket: string
  readonly docker: Docker
  /** As when the machine goes down: the daemon takes its containers with it. */
  stop(): Promise<void>
  /** The daemon dies, and cannot say goodbye to anyone. */
  kill(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/**
 * An engine that a test can stop and start without disturbing anybody: in namespaces of its own for the
 * network and the mounts, without live-restore, so that its end is the end of its containers.
 */
export async function ownEngine(wanted: EngineWanted = { hasOwnMounts: true }): Promise<OwnEngine> {
  const { files, start, end, remove } = ownDaemon(wanted)
  await start()
  const docker = new Docker({ socketPath: files.socket })
  return {
    socket: files.socket,
    docker,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start,
    remove,
  }
}

/** One with live-restore: its containers run on without it, and it finds them again. */
export async function liveEngine(): Promise<OwnEngine> {
  const holder = spawn('unshare', ['--net', ...OWN_MOUNTS, 'sh', '-c', 'echo there; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const engine = await ownEngine({ settings: { 'live-restore': true }, within: holder.pid ?? 0 })
  return {
    ...engine,
    async remove() {
      await engine.remove()
      holder.kill()
    },
  }
}
