import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Docker from 'dockerode'
import { ENGINE_SETTINGS, engineFiles, startDaemon } from '../scripts/bootstrap/engine.js'
import { run, SYSTEM_PATH } from '../scripts/bootstrap/run.js'
import { gone } from './support/platform-processes.ts'

/**
 * Starts the engine whose programs lie in a folder, as if it were this machine's, runs tests against it and
 * ends it. Started in namespaces of its own by `npm run test:engine-current`:
 *
 *     test/current-engine.ts <programs> <data> [--only <glob>]…
 */

const SOCKET = '/var/run/docker.sock'
const STOP_MS = 60_000
/** Where this machine's engine keeps mounts: a copy of one here would hold it after its end there. */
const ENGINE_FOLDERS = ['/run/docker', '/run/containerd', '/var/lib/docker', '/var/lib/containerd']
const SUITE = ['--only', 'test/engine/**/*.test.ts']

const [programs = '', data = '', ...wanted] = process.argv.slice(2)
const root = resolve(import.meta.dirname, '..')
const files = { ...engineFiles(SOCKET), log: join(data, 'log') }
// The programs lie in the first folder of the path, before those of the system.
const env = { ...process.env, PATH: `${SYSTEM_PATH}:${process.env['PATH'] ?? ''}` }

await ownPlaces()
await ownNetwork()
await ownDevices()
await start()
const docker = new Docker({ socketPath: SOCKET })
const { Version, ApiVersion } = await docker.version()
process.stdout.write(`The tests run against the engine ${Version}, API ${ApiVersion}\n\n`)
try {
  const args = wanted.length > 0 ? wanted : SUITE
  const { status } = await run([process.execPath, join(root, 'test/run.ts'), ...args], { env })
  process.exitCode = status
} finally {
  await end()
}

/** Sockets, locks and pid files of this engine alone, and its programs in front of the system's. */
async function ownPlaces(): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const points = mounts.map((line) => line.split(' ')[4] ?? '').toReversed()
  for (const point of points) {
    if (ENGINE_FOLDERS.some((folder) => point.startsWith(`${folder}/`))) {
      await done(['umount', '--lazy', point])
    }
  }
  await done(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'])
  await done(['mount', '--bind', programs, '/usr/local/sbin'])
}

/**
 * A way out as every machine has one, which leads nowhere (RFC 5737 §3): without it the kernel itself would
 * answer for all that is outside, before a firewall has seen it.
 */
async function ownNetwork(): Promise<void> {
  await ip('link', 'set', 'lo', 'up')
  await ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'nowhere')
  await ip('address', 'add', '192.0.2.2/24', 'dev', 'eth0')
  for (const side of ['eth0', 'nowhere']) await ip('link', 'set', side, 'up')
  await ip('neighbour', 'add', '192.0.2.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'eth0')
  await ip('route', 'add', 'default', 'via', '192.0.2.1')
}

/** A sysfs shows the network of whoever mounts it. The groups of processes that hang in it are taken along. */
async function ownDevices(): Promise<void> {
  const groups = join(data, 'cgroup')
  mkdirSync(groups)
  await done(['mount', '--rbind', '/sys/fs/cgroup', groups])
  await done(['mount', '-t', 'sysfs', 'sysfs', '/sys'])
  await done(['mount', '--rbind', groups, '/sys/fs/cgroup'])
  await done(['umount', '--lazy', groups])
}

function ip(...words: string[]): Promise<void> {
  return done(['ip', ...words])
}

async function done(command: string[]): Promise<void> {
  const { status, output } = await run(command, { quiet: true })
  if (status !== 0) throw new Error(`Cannot ${command.join(' ')}: ${output}`)
}

async function start(): Promise<void> {
  const config = join(data, 'daemon.json')
  writeFileSync(config, JSON.stringify(ENGINE_SETTINGS))
  const args = [`--config-file=${config}`, `--data-root=${join(data, 'data')}`]
  await startDaemon(files, { program: join('/usr/local/sbin', 'dockerd'), args, env })
}

/** With live-restore containers outlive their engine, and leave groups of processes behind. */
async function end(): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(Id).remove({ force: true, v: true })
  }
  const pid = Number(readFileSync(files.pidFile, 'utf8'))
  process.kill(pid, 'SIGTERM')
  await gone(pid, STOP_MS)
}
