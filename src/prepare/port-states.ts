import type { PortState } from '../core/doctor-host.ts'
import { hostPort, type Instance } from '../instance.ts'
import { holdersOf } from './port-owner.ts'

type Addresses = Pick<Instance, 'apiAddress' | 'dnsAddress' | 'ingressAddress'> & {
  /** Undefined where an earlier version has chosen the others. */
  readonly httpsAddress?: string | undefined
}

/** Where the code of this platform is: its processes were started with files of it. */
const SOURCES = new URL('..', import.meta.url).pathname

const holdersAt = (address: string) =>
  holdersOf(hostPort(address).port).map(({ pid, command }) => ({
    pid,
    command,
    isOurs: pid === process.pid || command.includes(SOURCES),
  }))

/** Who has the ports of an instance. */
export function portStates(of: Addresses): PortState[] {
  const places = [
    { name: 'api', address: of.apiAddress, setting: 'CLOUDLET_API_ADDRESS' },
    { name: 'ingress', address: of.ingressAddress, setting: 'CLOUDLET_INGRESS_HTTP_ADDRESS' },
    { name: 'https', address: of.httpsAddress, setting: 'CLOUDLET_INGRESS_HTTPS_ADDRESS' },
    { name: 'dns', address: of.dnsAddress, setting: 'CLOUDLET_DNS_ADDRESS' },
  ] as const
  return places.flatMap(({ address, ...place }) =>
    address === undefined ? [] : [{ ...place, address, holders: holdersAt(address) }],
  )
}
