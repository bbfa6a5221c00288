import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  isTunnelHost,
  readTicket,
  ticketBody,
  ticketText,
  tunnelHost,
  type TicketClaims,
} from '../../../proxy/core/tunnel-ticket.ts'

const CLAIMS: TicketClaims = {
  id: 'tunnel',
  credential: 'ckaaaaaaaaaaaaaaaa',
  version: 2,
  actor: 'person:ada@example.com',
  tenant: 'acme',
  container: 'container',
  address: '10.208.0.9',
  port: 5432,
  protocol: 'tcp',
  expiresAt: 1_700_000_000_000,
  keyEndsAt: null,
}
const SIGNATURE = 'A'.repeat(86)
const textWith = (claims: object): string =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is wrong in it is the point
  ticketText(ticketBody(claims as TicketClaims), SIGNATURE)

test('readTicket() gives back what was written, and what was signed', () => {
  const body = ticketBody(CLAIMS)
  const ticket = readTicket(ticketText(body, SIGNATURE))
  assert.deepEqual(ticket?.claims, CLAIMS)
  assert.equal(ticket?.signed, body)
  assert.equal(ticket?.signature.length, 64)
})

test('readTicket() refuses claims that lack something or have it wrong', () => {
  const wrong: readonly object[] = [
    ...Object.keys(CLAIMS).map((name) => ({ ...CLAIMS, [name]: undefined })),
    { ...CLAIMS, port: 0 },
    { ...CLAIMS, port: 65_536 },
    { ...CLAIMS, port: 1.5 },
    { ...CLAIMS, protocol: 'icmp' },
    { ...CLAIMS, address: '' },
    { ...CLAIMS, actor: 'x'.repeat(513) },
    { ...CLAIMS, expiresAt: 'soon' },
    { ...CLAIMS, keyEndsAt: '' },
    [],
  ]
  for (const claims of wrong) assert.equal(readTicket(textWith(claims)), undefined)
})

test('readTicket() throws at nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(readTicket(text), undefined)
      assert.equal(readTicket(`cltunnel1.${text}.${SIGNATURE}`), undefined)
    }),
  )
})

test('isTunnelHost() knows the host of each domain, and no app has it', () => {
  const domains = ['Cloud.local', 'localhost']
  assert.equal(tunnelHost('Cloud.local'), '_tunnel.cloud.local')
  assert.equal(isTunnelHost('_tunnel.cloud.local', domains), true)
  assert.equal(isTunnelHost('_tunnel.localhost', domains), true)
  for (const host of ['cloud.local', 'hello.demo.cloud.local', '_tunnel.example', '_tunnel.'])
    assert.equal(isTunnelHost(host, domains), false)
})
