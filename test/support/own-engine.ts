import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { startDaemon } from '../../scripts/bootstrap/engine.js'
import { run } from '../../scripts/bootstrap/run.js'
import { gone, isAlive, killed, shimsOf } from './platform-processes.ts'

const START_MS = 60_000

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
export async function ownEngine(): Promise<OwnEngine> {
  const root = mkdtempSync(join(tmpdir(), 'cloudlet-own-engine-'))
  const socket = join(root, 'd.sock')
  const pidFile = join(root, 'd.pid')
  const files = {
    socket,
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
    `--host=unix://${socket}`,
    '--bridge=none',
    '--iptables=false',
  ]
  // Network namespaces of containers are mounts under /run/docker, whatever the exec root is.
  const prepare = 'mount -t tmpfs tmpfs /run/docker && ip link set lo up && exec "$0" "$@"'
  const walls = ['--net', '--mount', '--propagation', 'private']
  const daemon = {
    program: '/usr/bin/unshare',
    args: [...walls, 'sh', '-c', prepare, ...dockerd],
    env: { ...process.env },
    deadlineMs: START_MS,
  }
  writeFileSync(join(root, 'daemon.json'), '{}')

  const pid = (): number => Number(readFileSync(pidFile, 'utf8'))
  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemonPid = pid()
    process.kill(daemonPid, signal)
    await gone(daemonPid, START_MS)
  }
  const stop = (): Promise<void> => end('SIGTERM')
  async function remove(): Promise<void> {
    if (isAlive(pid())) await stop()
    // One that was killed while it made a container can leave the shim of it behind.
    await Promise.all(shimsOf(root).map((shim) => killed(shim)))
    await run(['umount', join(root, 'data')], { quiet: true })
    rmSync(root, { recursive: true, force: true })
  }
  const start = (): Promise<void> => startDaemon(files, daemon)

  await start()
  const docker = new Docker({ socketPath: socket })
  return { socket, docker, stop, kill: () => end('SIGKILL'), start, remove }
}
