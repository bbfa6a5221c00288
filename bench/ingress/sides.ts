import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostCertificate } from '../../proxy/core/server-names.ts'
import type { Member } from '../../proxy/core/route-table.ts'
import { edgeProgram, memberAt } from '../edge-process.ts'
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
  readonly tlsPort: number
  /** Of the authority that is the same for all sides. */
  readonly certificate: HostCertificate
  /** The first is asked for; they all lead to the backend. */
  readonly hosts: readonly string[]
  readonly backendPort: number
  readonly echoHost: string
  readonly echoPort: number
}

/** Writes what the side reads at its start, and says how it is started. */
export function programOf(side: Side, setting: Setting): Program {
  mkdirSync(setting.folder, { recursive: true })
  const { chain, key } = setting.certificate
  writeFileSync(join(setting.folder, 'chain.pem'), chain)
  writeFileSync(join(setting.folder, 'key.pem'), key)
  // As HAProxy wants it: both in one.
  writeFileSync(join(setting.folder, 'both.pem'), `${chain}\n${key}`)
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

/** A worker in front of the same backends. */
function ours(setting: Setting): Program {
  const { folder, port, tlsPort, certificate, hosts, backendPort, echoHost, echoPort } = setting
  const members = [
    ...hosts.map((host) => memberOf(host, backendPort)),
    memberOf(echoHost, echoPort),
  ]
  return edgeProgram({ folder, role: 'ingress-0', port, tlsPort, certificate, members })
}

const memberOf = (host: string, port: number): Member =>
  memberAt(host.split('.')[0] ?? '', '127.0.0.1', port)
