import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ipv4Text } from '../../proxy/core/dns-address.ts'
import { edgeProgram, memberAt, TENANT } from '../edge-process.ts'
import type { Program } from '../ingress/program.ts'
import type { Peer } from '../report.ts'

/** Who is measured: our responder, the servers that people install, and the least that is possible here. */
export const SIDES = [
  'cloudlet',
  'dnsmasq',
  'bind',
  'coredns',
  'host',
] as const satisfies readonly ('cloudlet' | Peer)[]
export type Side = (typeof SIDES)[number]

/** What all of them are told: names of one zone, each with an address. */
export interface Setting {
  readonly folder: string
  readonly port: number
  readonly names: number
  /** Who is asked for everything else. */
  readonly upstreamPort: number
}

export const ZONE = `${TENANT}.internal`
export const nameOf = (i: number): string => `web-${i}`
/** The first of the pool that no network keeps for itself. */
const FIRST_ADDRESS = 0x0ad00100
const addressOf = (i: number): string => ipv4Text(FIRST_ADDRESS + i)
/** As ours have it. */
const TTL_SECONDS = 5

const counted = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** CoreDNS is no package of Debian: it is measured where somebody has built it. */
export function coredns(path: string): string | null {
  const folders = [...path.split(delimiter), join(homedir(), 'go/bin')]
  return folders.map((folder) => join(folder, 'coredns')).find(isProgram) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Who is asked by all of them: it answers everything at once, with an answer that may be kept. */
export const upstreamProgram = (port: number): Program => ({
  command: [process.execPath, ECHO_SERVER, String(port)],
  port,
})

/** Writes what the side reads at its start, and says how it is started. */
export function programOf(side: Side, setting: Setting, corednsFile: string | null): Program {
  mkdirSync(setting.folder, { recursive: true })
  if (side === 'cloudlet') return ours(setting)
  if (side === 'dnsmasq') return dnsmasq(setting)
  if (side === 'host') return upstreamProgram(setting.port)
  if (side === 'bind') return bind(setting)
  if (corednsFile === null) throw new Error('There is no coredns')
  return { ...corednsProgram(setting), command: [corednsFile, '-conf', confOf(setting)] }
}

const ECHO_SERVER = fileURLToPath(new URL('echo-server.ts', import.meta.url))

/** Whoever asks is a container too, as it is outside a bench: it sees the names of its own network. */
function ours({ folder, port, names, upstreamPort }: Setting): Program {
  const members = counted(names).map((i) => memberAt(nameOf(i), addressOf(i), null))
  const asker = memberAt('asker', '127.0.0.1', null)
  const dnsUpstreams = [`127.0.0.1:${upstreamPort}`]
  return edgeProgram({ folder, role: 'dns', port, members: [...members, asker], dnsUpstreams })
}

const confOf = ({ folder }: Setting): string => join(folder, 'server.conf')

function hostsFile({ folder, names }: Setting): string {
  const file = join(folder, 'hosts')
  const lines = counted(names).map((i) => `${addressOf(i)} ${nameOf(i)}.${ZONE}\n`)
  writeFileSync(file, lines.join(''))
  return file
}

function dnsmasq(setting: Setting): Program {
  const lines = [
    `port=${setting.port}`,
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    `addn-hosts=${hostsFile(setting)}`,
    `local=/${ZONE}/`,
    `server=127.0.0.1#${setting.upstreamPort}`,
    'cache-size=10000',
    `local-ttl=${TTL_SECONDS}`,
    'user=root',
    'pid-file=',
  ]
  writeFileSync(confOf(setting), `${lines.join('\n')}\n`)
  const command = ['dnsmasq', '--keep-in-foreground', `--conf-file=${confOf(setting)}`]
  return { command, port: setting.port }
}

function bind(setting: Setting): Program {
  const { folder, port, upstreamPort } = setting
  const file = join(folder, 'zone')
  const head = `$TTL ${TTL_SECONDS}\n@ SOA @ nobody.invalid. 1 3600 1200 604800 1\n@ NS @\n@ A 127.0.0.1\n`
  const lines = counted(setting.names).map((i) => `${nameOf(i)} A ${addressOf(i)}\n`)
  writeFileSync(file, head + lines.join(''))
  const options = [
    `directory "${folder}";`,
    `listen-on port ${port} { 127.0.0.1; };`,
    'listen-on-v6 { none; };',
    'recursion yes;',
    `forwarders { 127.0.0.1 port ${upstreamPort}; };`,
    'forward only;',
    'dnssec-validation no;',
    'minimal-responses yes;',
    'pid-file none;',
    'session-keyfile none;',
    'querylog no;',
  ]
  const text = `options { ${options.join(' ')} };\ncontrols { };\nzone "${ZONE}" { type primary; file "${file}"; };\n`
  writeFileSync(confOf(setting), text)
  return { command: ['named', '-f', '-n', '1', '-c', confOf(setting)], port }
}

function corednsProgram(setting: Setting): Omit<Program, 'command'> {
  const { port } = setting
  const hosts = `hosts ${hostsFile(setting)} {\n    ttl ${TTL_SECONDS}\n    no_reverse\n  }`
  const own = `${ZONE}:${port} {\n  bind 127.0.0.1\n  ${hosts}\n}\n`
  const forward = `forward . 127.0.0.1:${setting.upstreamPort}`
  const others = `.:${port} {\n  bind 127.0.0.1\n  cache 3600\n  ${forward}\n}\n`
  writeFileSync(confOf(setting), own + others)
  return { port, env: { GOMAXPROCS: '1' } }
}
