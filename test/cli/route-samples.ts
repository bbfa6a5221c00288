import type { Domain } from '../../src/contract/domains.ts'
import type { Route } from '../../src/contract/routes.ts'

const route: Route = {
  id: 'r0000000000000aa',
  name: 'shop',
  hosts: ['shop.demo.cloud.local'],
  match: { pathPrefix: '/api', methods: ['GET'], headers: [{ name: 'x-beta', value: null }] },
  targets: [
    { app: 'web', weight: 90 },
    { app: 'next', weight: 10 },
  ],
  policy: { basicAuth: { realm: 'Shop', users: [{ name: 'ann' }] } },
  generation: 1,
  createdAt: '2026-01-02T03:04:05.000Z',
}

const domain: Domain = {
  id: 'd0000000000000aa',
  name: 'example.org',
  subdomains: true,
  state: 'claimed',
  proof: null,
  dns: { name: '_cloudlet.example.org', value: 'cloudlet-verify=abc' },
  http: { url: 'http://example.org/.well-known/cloudlet-verify', value: 'abc' },
  createdAt: '2026-01-02T03:04:05.000Z',
  provedAt: null,
  expiresAt: '2026-01-09T03:04:05.000Z',
}

/** By the id of the endpoint. */
export const ROUTE_SAMPLES = {
  'routes.create': { value: route },
  'routes.list': { value: { items: [route] } },
  'routes.get': { value: route },
  'routes.update': { value: route },
  'routes.delete': { value: null },
  'domains.claim': { value: domain },
  'domains.list': { value: { items: [domain] } },
  'domains.get': { value: domain },
  'domains.verify': { value: domain },
  'domains.delete': { value: null },
}
