import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covered } from '../../src/core/certificate-names.ts'

const ground = {
  slug: 'acme',
  domains: ['cloud.local', 'localhost'],
  customHosts: ['shop.example.org', 'www.example.org', 'a.b.example.org'],
}

test("covered() takes hosts of the tenant's part of a domain, and its own hosts", () => {
  const names = ['*.acme.cloud.local', 'web.acme.localhost', 'shop.example.org']
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
    'other.example.org',
  ]
  assert.deepEqual(covered(names, ground), { own: [], foreign: names })
})

test('covered() has a wildcard stand for the hosts of the tenant alone', () => {
  const { own, foreign } = covered(['*.example.org', '*.example.com'], ground)
  assert.deepEqual(own, ['shop.example.org', 'www.example.org'])
  assert.deepEqual(foreign, ['*.example.com'])
})
