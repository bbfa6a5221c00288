import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import Docker from 'dockerode'
import { z } from 'zod'
import { dockerEngine } from './adapters/docker-engine.ts'
import { hostGroups } from './adapters/host-groups.ts'
import { iptablesPaths } from './adapters/iptables-paths.ts'
import { nftables } from './adapters/nftables.ts'
import { removeSecretFiles, secretsRoot } from './adapters/secret-files.ts'
import { trafficControl } from './adapters/traffic-control.ts'
import { systemClock } from './adapters/system.ts'
import { readSettings, SettingsError, thisWorld } from './config.ts'
import { funnelPrefix } from './core/bandwidth.ts'
import { parseCidr } from './core/cidr.ts'
import { groupPrefix } from './core/docker-names.ts'
import { tableName } from './core/firewall.ts'
import { resolverAddress } from './core/ipam.ts'
import { driverOf } from './control/outside.ts'
import { placesIn } from './instance.ts'
import { PrepareError } from './prepare/error.ts'
import { leaveWaitingConnections } from './prepare/listener-handover.ts'
import { releaseResolver } from './prepare/resolver-address.ts'
import { drainEdge } from './supervisor/edge-process.ts'

/**
 * Takes one instance away without a trace: its containers and networks, the address of its resolver, its
 * data. Nothing that does not carry the instance's label is touched; the engine and its images stay.
 */

const DEADLINE_MS = 120_000
const Kept = z.object({ id: z.string(), pool: z.string() })

async function uninstall(): Promise<string> {
  const settings = readSettings(thisWorld())
  const dataDir = settings.CLOUDLET_DATA_DIR
  const places = placesIn(dataDir)
  if (!existsSync(places.instance)) throw new PrepareError(`Cannot find an instance in ${dataDir}`)
  const { id, pool } = Kept.parse(JSON.parse(readFileSync(places.instance, 'utf8')))
  if (spawnSync('flock', ['--nonblock', places.lock, 'true']).status !== 0) {
    throw new PrepareError(`Cannot remove ${dataDir}: the platform runs; stop it first`)
  }
  await drainEdge(places.edge)
  const removed = await removeObjects(id, settings.CLOUDLET_ENGINE)
  const range = parseCidr(pool)
  if (range) releaseResolver(resolverAddress(range), id)
  if (process.getuid?.() === 0) leaveWaitingConnections()
  rmSync(dataDir, { recursive: true, force: true })
  return `Removed ${removed.containers} containers, ${removed.networks} networks and ${dataDir}.`
}

async function removeObjects(instance: string, socketPath: string) {
  const docker = new Docker({ socketPath })
  const engine = dockerEngine({ docker, instance, now: systemClock.now })
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const { containers, networks } = await engine.list(signal)
  await Promise.all(containers.map(({ name }) => engine.removeContainer(name, signal)))
  await Promise.all(networks.map(({ name }) => engine.removeNetwork(name, signal)))
  const groups = hostGroups(driverOf(engine))
  for (const group of (await groups?.list(groupPrefix(instance))) ?? []) await groups?.remove(group)
  if (process.getuid?.() === 0) {
    await removeSecretFiles(secretsRoot(instance))
    await nftables().remove(tableName(instance), signal)
    await iptablesPaths(tableName(instance)).remove(signal)
    await trafficControl(funnelPrefix(instance)).remove(signal)
  }
  return { containers: containers.length, networks: networks.length }
}

try {
  process.stdout.write(`${await uninstall()}\n`)
} catch (error) {
  if (!(error instanceof PrepareError) && !(error instanceof SettingsError)) throw error
  process.stderr.write(`cloudlet: ${error.message}\n`)
  process.exitCode = 1
}
