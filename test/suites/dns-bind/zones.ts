import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../../../bench/ingress/program.ts'
import type { Member } from '../../../proxy/core/route-table.ts'
import { member } from '../../proxy/dns/world.ts'

/** So many that their addresses fit into no datagram. */
const CROWD = Array.from({ length: 90 }, (_, i) => `10.208.2.${i + 1}`)

/** What our responder is told. */
export const MEMBERS: readonly Member[] = [
  demo('web', '10.208.1.2', { port: 8080, ports: [{ port: 53, protocol: 'udp' }] }),
  demo('api', '10.208.1.3', { id: 'api-1' }),
  demo('api', '10.208.1.4', { id: 'api-2' }),
  demo('api', '10.208.1.5', { id: 'api-3' }),
  demo('old', '10.208.1.6', { state: 'stopped' }),
  ...CROWD.map((address, i) => demo('crowd', address, { id: `crowd-${i}` })),
]

function demo(name: string, address: string, fields: Partial<Member>): Member {
  return member({ tenant: 'demo', name, address, port: null, ...fields })
}

const HEAD = '$TTL 5\n@ 1 IN SOA @ nobody.invalid. 1 3600 1200 604800 1\n@ NS @\n'
/** BIND loads no zone whose server, here the zone itself, is nowhere. */
const SERVER = '@ A 127.0.0.1\n'

const addresses = (name: string, all: readonly string[]): string =>
  all.map((address) => `${name} A ${address}\n`).join('')

const API = ['10.208.1.3', '10.208.1.4', '10.208.1.5']

/** The same in the words of RFC 1035 §5, by hand: nothing here is made by what is tested. */
const ZONES: Readonly<Record<string, string>> = {
  internal: `${HEAD}${SERVER}`,
  'demo.internal': [
    HEAD,
    SERVER,
    addresses('web', ['10.208.1.2']),
    addresses('all.web', ['10.208.1.2']),
    '_8080._tcp.web SRV 0 0 8080 web\n',
    '_http._tcp.web SRV 0 0 8080 web\n',
    '_53._udp.web SRV 0 0 53 web\n',
    addresses('api', API),
    addresses('all.api', API),
    addresses('all.old', ['10.208.1.6']),
    addresses('crowd', CROWD),
    addresses('all.crowd', CROWD),
    '_apps TXT "name=web" "port=8080"\n',
    ...['api', 'old', 'crowd'].map((name) => `_apps TXT "name=${name}"\n`),
  ].join(''),
  '208.10.in-addr.arpa': [
    HEAD,
    SERVER,
    '2.1 PTR web.demo.internal.\n',
    ...[3, 4, 5].map((n) => `${n}.1 PTR api.demo.internal.\n`),
    '6.1 PTR old.demo.internal.\n',
    ...CROWD.map((_, i) => `${i + 1}.2 PTR crowd.demo.internal.\n`),
  ].join(''),
  localhost: `${HEAD}@ A 127.0.0.1\n@ AAAA ::1\n* A 127.0.0.1\n* AAAA ::1\n`,
}

/** One thread, no recursion; of what may be left out only the authority section is. */
export function named(folder: string, port: number): Program {
  mkdirSync(folder, { recursive: true })
  const options = [
    `directory "${folder}";`,
    `listen-on port ${port} { 127.0.0.1; };`,
    'listen-on-v6 { none; };',
    'recursion no;',
    'minimal-responses no-auth;',
    'allow-transfer { none; };',
    'pid-file none;',
    'session-keyfile none;',
  ]
  const zones = Object.entries(ZONES).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return `zone "${name}" { type primary; file "${name}"; };\n`
  })
  const file = join(folder, 'named.conf')
  writeFileSync(file, `options { ${options.join(' ')} };\ncontrols { };\n${zones.join('')}`)
  return { command: ['named', '-f', '-n', '1', '-c', file], port }
}
