import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import Docker from 'dockerode'
import { z } from 'zod'
import { client, type Client } from '../../src/client/client.ts'
import { groupPrefix, INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { hostPort, placesIn, type HostPort } from '../../src/instance.ts'
import { groupsOf } from './cgroups.ts'
import { realDocker } from './engine.ts'
import { platformHouse, runProgram, type House, type Settings } from './platform-house.ts'
import { isAlive, killed, processesOf, strays, type Part } from './platform-processes.ts'
import { until } from './wait.ts'

/**
 * A whole platform for a test: `src/main.ts` as a user starts it, with a data directory, ports, a pool
 * and a home of its own, so that any number of them run beside each other.
 */

const POOLS_TRIED = 8

const Kept = z.object({
  id: z.string(),
  apiAddress: z.string(),
  ingressAddress: z.string(),
  httpsAddress: z.string(),
  dnsAddress: z.string(),
  pool: z.string(),
})
const Admin = z.object({ endpoint: z.string(), apiKey: z.string() })

export interface Platform {
  readonly dataDir: string
  readonly home: string
  readonly settings: Settings
  readonly instance: string
  readonly pool: string
  readonly endpoint: string
  readonly apiKey: string
  /** Asks as the operator. */
  readonly api: Client
  readonly ingress: HostPort
  readonly https: HostPort
  readonly dns: HostPort
  clientWith(token: string): Client
  output(): string
  /** Fails where there is none. */
  pid(part: Part | 'supervisor'): number
  pids(part: Part): number[]
  /** Ends one process of that part, and answers which once it is gone. */
  kill(part: Part | 'supervisor', signal?: NodeJS.Signals): Promise<number>
  start(): Promise<void>
  stop(): Promise<void>
  /** Stops it, uninstalls it, and sees that nothing is left of it. */
  remove(): Promise<void>
}

/** Starts one, and answers when it says that it is ready. Whoever starts it removes it. */
export async function startPlatform(env: Settings = {}): Promise<Platform> {
  for (let tried = 1; ; tried++) {
    const pool = env['CLOUDLET_ADDRESS_POOL'] ?? randomPool()
    const house = platformHouse({ ...env, CLOUDLET_ADDRESS_POOL: pool })
    try {
      if (await house.begin()) return platformOf(house)
      assert.ok(
        poolTaken(house) && tried < POOLS_TRIED,
        `The platform does not start:\n${house.lately()}`,
      )
    } catch (error) {
      await house.sweep()
      throw error
    }
    await house.sweep()
  }
}

/** That somebody else has it, e.g. a second run of these tests, is no failure. */
const poolTaken = (house: House): boolean =>
  /Cannot find a free address pool|of this instance's pool is taken/.test(house.output())

const randomPool = (): string => `10.${randomInt(240, 256)}.${randomInt(0, 16) * 16}.0/20`

function platformOf(house: House): Platform {
  const { dataDir, home, settings } = house
  const kept = Kept.parse(json(placesIn(dataDir).instance))
  const admin = Admin.parse(json(placesIn(dataDir).adminFile))
  const { endpoint, apiKey } = admin
  const clientWith = (token: string): Client =>
    client({ endpoint, token: async () => token, fetch, now: Date.now, newId: randomUUID })

  function pids(part: Part): number[] {
    const all = processesOf(dataDir)
    return all.filter((one) => one.part === part || one.kind === part).map((one) => one.pid)
  }

  function pid(part: Part | 'supervisor'): number {
    const found = part === 'supervisor' ? house.supervisor()?.pid : pids(part)[0]
    assert.ok(found !== undefined && isAlive(found), `There is no ${part}:\n${house.lately()}`)
    return found
  }

  async function stop(): Promise<void> {
    await house.end()
    await until('no process of the platform is left', () => strays(dataDir).length === 0)
  }

  return {
    dataDir,
    home,
    settings,
    endpoint,
    apiKey,
    clientWith,
    pid,
    pids,
    stop,
    instance: kept.id,
    pool: kept.pool,
    api: clientWith(apiKey),
    ingress: hostPort(kept.ingressAddress),
    https: hostPort(kept.httpsAddress),
    dns: hostPort(kept.dnsAddress),
    output: house.output,
    async kill(part, signal = 'SIGKILL') {
      const target = pid(part)
      await killed(target, signal)
      return target
    },
    async start() {
      assert.ok(await house.begin(), `The platform does not start again:\n${house.lately()}`)
    },
    async remove() {
      try {
        await stop()
        const { status, said } = await runProgram(settings, 'src/uninstall.ts')
        assert.equal(status, 0, said)
        await nothingLeft(dataDir, kept.id, dockerAt(settings['CLOUDLET_ENGINE']))
      } finally {
        await house.sweep()
      }
    },
  }
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

async function nothingLeft(dataDir: string, instance: string, docker: Docker): Promise<void> {
  assert.deepEqual(strays(dataDir), [], 'processes')
  assert.deepEqual(await objectsOf(instance, docker), { containers: [], networks: [] })
  const label = `lo:cl${instance.slice(0, 8)}`
  assert.equal(Object.hasOwn(networkInterfaces(), label), false, `${label} has an address`)
  assert.deepEqual(groupsOf(groupPrefix(instance)), [], 'groups of processes')
  assert.equal(existsSync(dataDir), false, 'the data directory')
}

const dockerAt = (socketPath: string | undefined): Docker =>
  socketPath === undefined ? realDocker() : new Docker({ socketPath })

/** What the engine holds of an instance, running or not. */
export async function objectsOf(instance: string, docker = realDocker()) {
  const filters = { label: [`${INSTANCE_LABEL}=${instance}`] }
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ])
  return { containers, networks }
}
