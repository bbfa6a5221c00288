import type { Certificate } from '../../src/contract/certificates.ts'
import type { Firewall, FirewallDetails } from '../../src/contract/firewalls.ts'
import type { Peering } from '../../src/contract/peerings.ts'
import type { Network, NetworkDetails } from '../../src/contract/networks.ts'

export const network: Network = {
  id: 'n0000000000000aa',
  name: 'default',
  zone: 'local',
  cidr: '10.208.1.0/24',
  gateway: '10.208.1.1',
  state: 'ready',
  labels: {},
  ingress: false,
  egress: [{ cidr: '203.0.113.0/24', protocol: 'tcp', ports: '443' }],
  smtp: false,
  within: 'open',
  generation: 1,
  createdAt: '2026-01-02T03:04:05.000Z',
}

export const networkDetails: NetworkDetails = {
  ...network,
  members: [
    {
      id: 'c0000000000000aa',
      name: 'hello',
      address: '10.208.1.2',
      mac: '02:c1:0a:d0:01:02',
      aliases: [],
    },
  ],
  egressNames: [],
  addresses: { first: '10.208.1.2', last: '10.208.1.191', total: 190, free: 189 },
}

export const firewall: Firewall = {
  id: 'f0000000000000aa',
  name: 'db',
  ingress: [{ firewall: 'web', protocol: 'tcp', ports: '5432' }],
  egress: null,
  labels: {},
  generation: 1,
  createdAt: '2026-01-02T03:04:05.000Z',
}

export const firewallDetails: FirewallDetails = { ...firewall, containers: ['hello'] }

const peering: Peering = {
  id: 'p0000000000000bb',
  state: 'offered',
  direction: 'sent',
  network: { name: 'default', cidr: '10.208.1.0/24' },
  peer: { tenant: 'zeta', network: null },
  createdAt: '2026-01-02T03:04:05.000Z',
  expiresAt: '2026-01-09T03:04:05.000Z',
}

export const certificate: Certificate = {
  name: 'shop',
  names: ['*.demo.cloud.local'],
  issuer: 'O=Example',
  sha256: 'AA:BB',
  validFrom: '2026-01-02T03:04:05.000Z',
  validUntil: '2026-04-02T03:04:05.000Z',
  updatedAt: '2026-01-02T03:04:05.000Z',
}

/** By the id of the endpoint. */
export const PEERING_SAMPLES = {
  'peerings.create': { value: peering },
  'peerings.list': { value: { items: [peering] } },
  'peerings.get': { value: peering },
  'peerings.accept': { value: peering },
  'peerings.delete': { value: null },
}
