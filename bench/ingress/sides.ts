import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Member, RouteTable } from '../../proxy/core/route-table.ts'
import type { Instance } from '../../src/instance.ts'
import { thisRuntime } from '../../src/supervisor/runtime.ts'
import type { Peer } from '../report.ts'
import { caddyFile, haproxyFiles, nginxFile } from './peer-files.ts'
import type { Program } from './program.ts'

/** Who is measured: our worker, and the proxies that people install. */
export const SIDES = ['cloudlet', 'nginx', 'haproxy', 'caddy'] as const satisfies readonly (
  | 'cloudlet'
  | Peer
)[]
export type Side = (typeof SIDES)[number]

/** What all of them are told: the same hosts, in front of the same backends, with one worker. */
export interface Setting {
  readonly folder: string
  readonly port: number
  /** The first is asked for; they all lead to the backend. */
  readonly hosts: readonly string[]
  readonly backendPort: number
  readonly echoHost: string
  readonly echoPort: number
}

export const TENANT = 'bench'
export const DOMAIN = 'cloud.local'
const NOBODY = 65_534
const COMPILED = join(tmpdir(), 'cloudlet-bench-compiled')

/** Writes what the side reads at its start, and says how it is started. */
export function programOf(side: Side, setting: Setting): Program {
  mkdirSync(setting.folder, { recursive: true })
  if (side === 'cloudlet') return ours(setting)
  const file = join(setting.folder, `${side}.conf`)
  if (side === 'nginx') {
    writeFileSync(file, nginxFile(setting))
    return { command: ['nginx', '-c', file, '-e', '/dev/null'], port: setting.port }
  }
  if (side === 'haproxy') {
    const { config, map } = haproxyFiles(setting)
    writeFileSync(file, config)
    writeFileSync(map.path, map.text)
    return { command: ['haproxy', '-db', '-f', file], port: setting.port }
  }
  writeFileSync(file, caddyFile(setting))
  return {
    command: ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    port: setting.port,
    env: { GOMAXPROCS: '1', XDG_DATA_HOME: setting.folder, XDG_CONFIG_HOME: setting.folder },
  }
}

/** A worker as the supervisor starts it, which finds its table in its folder. */
function ours({ folder, port, hosts, backendPort, echoHost, echoPort }: Setting): Program {
  const edge = join(folder, 'edge')
  mkdirSync(edge)
  const members = [
    ...hosts.map((host) => memberOf(host, backendPort)),
    memberOf(echoHost, echoPort),
  ]
  writeFileSync(join(edge, 'table.json'), JSON.stringify(tableOf(members)))
  chownSync(edge, NOBODY, NOBODY)
  chownSync(join(edge, 'table.json'), NOBODY, NOBODY)
  const instance: Instance = {
    id: 'benchbenchbench1',
    dataDir: folder,
    apiAddress: '127.0.0.1:1',
    ingressAddress: `127.0.0.1:${port}`,
    dnsAddress: '127.0.0.1:1',
    pool: '10.208.0.0/12',
    resolver: null,
    isolated: true,
    edgeUid: NOBODY,
    workers: 1,
  }
  const argument = { instance, role: 'ingress-0', level: 'warn' }
  // Kept from start to start, as `npm start` does it: compiling takes memory that is not given back.
  const env = { NODE_COMPILE_CACHE: COMPILED }
  return { command: thisRuntime().command('src/edge.ts', argument), port, env }
}

const tableOf = (members: readonly Member[]): RouteTable => ({
  version: 1,
  instance: 'bench',
  domains: [DOMAIN],
  internalDomain: 'internal',
  pool: '10.208.0.0/12',
  tenants: [TENANT],
  members,
})

function memberOf(host: string, port: number): Member {
  const [name = ''] = host.split('.')
  return {
    id: name,
    tenant: TENANT,
    name,
    address: '127.0.0.1',
    state: 'running',
    run: 1,
    port,
    check: null,
  }
}
