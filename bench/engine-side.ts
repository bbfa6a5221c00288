import { Agent } from 'node:http'
import { z } from 'zod'
import { containerBody } from '../src/adapters/docker-container-body.ts'
import { dialectOf } from '../src/adapters/docker-dialect.ts'
import { openFilesLimit } from '../src/adapters/open-files.ts'
import { addressText, cidrText, parseCidr, type Cidr } from '../src/core/cidr.ts'
import {
  capabilitiesOf,
  DEFAULT_CPU_MILLI,
  DEFAULT_MEMORY_BYTES,
  DEFAULT_PIDS,
  environmentOf,
  tmpfsFor,
} from '../src/core/container-shape.ts'
import { cpuAmounts } from '../src/core/cpu.ts'
import { API_OLDEST } from '../src/core/engine-api.ts'
import { freePool, macFor } from '../src/core/ipam.ts'
import { takenRanges } from '../src/prepare/host-ranges.ts'
import { ask, type Asked } from './asking.ts'
import { firstAnswer } from './first-answer.ts'
import { stopwatch, type Laps } from './stopwatch.ts'

export const DEMO_PORT = 8080
const FIRST_HOST = 10

export type EngineStep = 'create' | 'start' | 'inspect' | 'first 200'

/** The Engine's own API, with nothing between: what the platform is held against. */
export interface EngineSide {
  /** Creates and starts one container, and asks it until it answers. */
  run(index: number, signal: AbortSignal): Promise<Laps<EngineStep>>
  remove(index: number, signal: AbortSignal): Promise<void>
  close(signal: AbortSignal): Promise<void>
}

export interface EngineSideWanted {
  readonly socketPath: string
  /** Prefix of what is made on the engine; nobody else's may begin with it. */
  readonly prefix: string
  readonly image: string
}

/** Connects and makes the network, which is there before anything is timed. */
export async function engineSide(
  { socketPath, prefix, image }: EngineSideWanted,
  signal: AbortSignal,
): Promise<EngineSide> {
  const agent = new Agent({ keepAlive: true })
  const engineWithin =
    (until: AbortSignal): Engine =>
    async (method, path, body) => {
      const whole = `/v${API_OLDEST}${path}`
      const asked = { agent, at: { socketPath }, method, path: whole, ...(body && { body }) }
      const { status, text } = await ask(asked, until)
      if (status >= 300) throw new Error(`Cannot ${method} ${path}: ${status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    }
  const engine = engineWithin(signal)

  const facts = await factsOf(engine, image)
  const range = await freeRange(socketPath)
  await engine('POST', '/networks/create', {
    Name: prefix,
    Driver: 'bridge',
    CheckDuplicate: true,
    IPAM: { Config: [{ Subnet: cidrText(range) }] },
  })

  const wantedAt = (index: number) =>
    containerWanted(
      { name: nameOf(index), network: prefix, imageId: facts.imageId },
      {
        address: addressText(range.base + FIRST_HOST + index),
        exposed: facts.exposed,
      },
    )
  const nameOf = (index: number): string => `${prefix}-${index}`

  return {
    async run(index, within) {
      const asks = engineWithin(within)
      const name = nameOf(index)
      const body = containerBody(wantedAt(index), { ...facts, instance: prefix })
      const laps = stopwatch<EngineStep>(() => performance.now())
      await asks('POST', `/containers/create?name=${name}`, body)
      laps.lap('create')
      await asks('POST', `/containers/${name}/start`)
      laps.lap('start')
      const inspected = Container.parse(await asks('GET', `/containers/${name}/json`))
      const host = inspected.NetworkSettings.Networks[prefix]?.IPAddress ?? ''
      laps.lap('inspect')
      await firstAnswer({ host, port: DEMO_PORT, name: host }, within)
      laps.lap('first 200')
      return laps
    },
    async remove(index, within) {
      await engineWithin(within)('DELETE', `/containers/${nameOf(index)}?force=1&v=1`)
    },
    async close(within) {
      await engineWithin(within)('DELETE', `/networks/${prefix}`)
      agent.destroy()
    },
  }
}

type Engine = (method: Asked['method'], path: string, body?: object) => Promise<unknown>

/** What the platform, too, asks of the engine once and then knows. */
async function factsOf(engine: Engine, image: string) {
  const version = Version.parse(await engine('GET', '/version'))
  const { Id, Config } = Image.parse(await engine('GET', `/images/${image}/json`))
  return {
    dialect: dialectOf(API_OLDEST),
    init: version.Components.some(({ Name }) => Name === 'docker-init'),
    openFiles: openFilesLimit(),
    imageId: Id,
    exposed: Object.keys(Config.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
  }
}

/** The same container as the platform makes of a request that names nothing but an image. */
function containerWanted(
  { name, network, imageId }: { name: string; network: string; imageId: string },
  { address, exposed }: { address: string; exposed: readonly number[] },
) {
  const [appPort = DEMO_PORT] = exposed
  return {
    name,
    tenant: 'bench',
    id: name,
    generation: 1,
    spec: '',
    hostname: name,
    imageId,
    env: environmentOf({ id: name, name, tenant: 'bench', appPort, env: {} }),
    labels: {},
    network,
    address,
    mac: macFor(address),
    resolver: null,
    searchDomain: 'bench.internal',
    memoryBytes: DEFAULT_MEMORY_BYTES,
    ...cpuAmounts({}, DEFAULT_CPU_MILLI),
    pids: DEFAULT_PIDS,
    readOnlyRoot: false,
    capabilities: capabilitiesOf('baseline'),
    tmpfs: tmpfsFor([]),
    stopTimeoutSeconds: 10,
    ports: exposed.map((port) => ({ port, protocol: 'tcp' as const })),
    publish: false,
  }
}

/** Subnets for the peer, in which no platform has its pool by default. */
const CANDIDATES = Array.from({ length: 256 }, (_, i) => `192.168.${i}.0/24`)

async function freeRange(socketPath: string): Promise<Cidr> {
  const range = parseCidr(freePool(CANDIDATES, await takenRanges(socketPath)) ?? '')
  if (!range) throw new Error('Cannot find a free subnet for the network of the peer')
  return range
}

const Container = z.object({
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string() })),
  }),
})
const Version = z.object({ Components: z.array(z.object({ Name: z.string() })) })
const Image = z.object({
  Id: z.string(),
  Config: z.object({ ExposedPorts: z.record(z.string(), z.unknown()).nullish() }),
})
