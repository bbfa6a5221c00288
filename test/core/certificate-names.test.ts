import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covered, hostsUnder } from '../../src/core/certificate-names.ts'

const ground = {
  slug: 'acme',
  domains: ['cloud.local', 'localhost'],
  claimed: [
    { name: 'shop.example.org', subdomains: 0, provedAt: 1 },
    { name: 'example.com', subdomains: 1, provedAt: 1 },
    { name: 'example.org', subdomains: 1, provedAt: null },
  ],
}

test("covered() takes hosts of the tenant's part of a domain, and its own domains", () => {
  const names = [
    '*.acme.cloud.local',
    'web.acme.localhost',
    'shop.example.org',
    'example.com',
    '*.example.com',
    '*.a.example.com',
  ]
  assert.deepEqual(covered(names, ground), { own: names, foreign: [] })
})

test("covered() finds what is another's, however near it is", () => {
  const names = [
    '*.cloud.local',
    'acme.cloud.local',
    'web.acmes.cloud.local',
    'web.other.cloud.local',
    'xacme.cloud.local',
    'example.org',
    '*.example.org',
    '*.shop.example.org',
    'www.shop.example.org',
    'badexample.com',
    '*.com',
  ]
  assert.deepEqual(covered(names, ground), { own: [], foreign: names })
})

test('hostsUnder() has a wildcard stand for one label', () => {
  const hosts = ['shop.example.com', 'a.b.example.com', 'example.com', 'shop.example.org']
  assert.deepEqual(hostsUnder(['*.example.com', 'shop.example.org'], hosts), ['shop.example.com'])
})
