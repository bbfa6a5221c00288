import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Member, RouteTable } from '../proxy/core/route-table.ts'
import type { HostCertificate } from '../proxy/core/server-names.ts'
import type { EdgeRole } from '../proxy/link.ts'
import type { Instance } from '../src/instance.ts'
import { thisRuntime } from '../src/supervisor/runtime.ts'
import type { Program } from './ingress/program.ts'

export const TENANT = 'bench'
export const DOMAIN = 'cloud.local'
const NOBODY = 65_534
const COMPILED = join(tmpdir(), 'cloudlet-bench-compiled')

interface EdgePart {
  /** Of this process alone, and not there yet. */
  readonly folder: string
  readonly role: EdgeRole
  readonly port: number
  /** Of the ingress alone, as is what it ends TLS with. */
  readonly tlsPort?: number
  readonly certificate?: HostCertificate
  readonly members: readonly Member[]
  /** Whom the responder asks; absent: the host's. */
  readonly dnsUpstreams?: readonly string[]
}

/** A process of the edge as the supervisor starts it, which finds its table in its folder. */
export function edgeProgram(part: EdgePart): Program {
  const { folder, role, port, tlsPort = port, certificate, members, dnsUpstreams = [] } = part
  const edge = join(folder, 'edge')
  mkdirSync(edge)
  const certificates = certificate === undefined ? [] : [certificate]
  const tls = { certificates, ticketKeys: randomBytes(48).toString('base64url') }
  writeFileSync(join(edge, 'table.json'), JSON.stringify(tableOf(members)))
  writeFileSync(join(edge, 'tls.json'), JSON.stringify(tls))
  for (const path of ['', 'table.json', 'tls.json']) chownSync(join(edge, path), NOBODY, NOBODY)
  const instance: Instance = {
    id: 'benchbenchbench1',
    dataDir: folder,
    apiAddress: '127.0.0.1:1',
    ingressAddress: `127.0.0.1:${port}`,
    httpsAddress: `127.0.0.1:${tlsPort}`,
    dnsAddress: `127.0.0.1:${port}`,
    pool: '10.208.0.0/12',
    resolver: null,
    isolated: true,
    edgeUid: NOBODY,
    workers: 1,
    dnsUpstreams,
  }
  const argument = { instance, role, level: 'warn' }
  // Kept from start to start, as `npm start` does it: compiling takes memory that is not given back.
  const env = { NODE_COMPILE_CACHE: COMPILED }
  return { command: thisRuntime().command('src/edge.ts', argument), port, env }
}

/** A table of the bench's own instance. */
export const tableOf = (members: readonly Member[], version = 1): RouteTable => ({
  version,
  instance: 'bench',
  domains: [DOMAIN],
  internalDomain: 'internal',
  pool: '10.208.0.0/12',
  tenants: [TENANT],
  members,
})

/** A running container of the bench's tenant. */
export function memberAt(name: string, address: string, port: number | null): Member {
  return { id: name, tenant: TENANT, name, address, state: 'running', run: 1, port, check: null }
}
