import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { certificateProcess } from '../../src/adapters/certificate-process.ts'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { thisRuntime } from '../../src/supervisor/runtime.ts'

const AT = Date.parse('2026-01-02T03:04:05.000Z')
const DAY_MS = 24 * 3600_000

test('an authority may sign hosts, and nothing that signs', async () => {
  const made = await x509Authority().create('Cloudlet test', AT)
  const certificate = new X509Certificate(made.chain)
  assert.equal(certificate.ca, true)
  assert.match(certificate.subject, /CN=Cloudlet test/)
  assert.equal(certificate.checkIssued(certificate), true)
  assert.ok(certificate.validToDate.getTime() > AT + 3649 * DAY_MS)
  assert.ok(certificate.validFromDate.getTime() < AT)
})

test('a certificate stands for its names alone, for 90 days, by that authority', async () => {
  const authority = x509Authority()
  const signer = await authority.create('Cloudlet test', AT)
  const other = await authority.create('Cloudlet test', AT)
  const lists = [['*.acme.cloud.local', '*.acme.localhost'], ['shop.example.org']]
  const [wild, plain] = await authority.issue(signer, lists, AT)
  assert.ok(wild && plain)
  const certificate = new X509Certificate(wild.chain)
  const by = new X509Certificate(signer.chain)
  assert.equal(certificate.ca, false)
  assert.equal(certificate.checkIssued(by), true)
  assert.equal(certificate.verify(by.publicKey), true)
  assert.equal(certificate.verify(new X509Certificate(other.chain).publicKey), false)
  assert.equal(certificate.subjectAltName, 'DNS:*.acme.cloud.local, DNS:*.acme.localhost')
  assert.equal(certificate.validToDate.getTime(), AT - (AT % 1000) + 90 * DAY_MS)
  assert.notEqual(certificate.serialNumber, new X509Certificate(plain.chain).serialNumber)
})

test('the authority in a process of its own makes the same', async () => {
  const authority = certificateProcess(thisRuntime().command('src/certify.ts'))
  const signer = await authority.create('Cloudlet test', AT)
  const [made] = await authority.issue(signer, [['a.b.localhost']], AT)
  assert.ok(made)
  const certificate = new X509Certificate(made.chain)
  assert.equal(certificate.verify(new X509Certificate(signer.chain).publicKey), true)
  assert.equal(made.notAfter, AT + 90 * DAY_MS)
  const broken = { chain: 'none', key: 'none' }
  await assert.rejects(authority.issue(broken, [['a']], AT), /Cannot make a certificate/)
})
