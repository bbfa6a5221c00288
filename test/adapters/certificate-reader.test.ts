import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { certificateReader } from '../../src/adapters/certificate-reader.ts'
import { x509Authority } from '../../src/adapters/x509-authority.ts'

const AT = Date.parse('2026-01-02T03:04:05.000Z')
const authority = x509Authority()
const signer = await authority.create('Test authority', AT)
const [one, two] = await authority.issue(signer, [['Web.example.org', '*.example.org'], ['b']], AT)
assert.ok(one && two)

const flawOf = (chain: string, key: string): string => {
  const read = certificateReader.read({ chain, key })
  return read.kind === 'flaw' ? `${read.field}: ${read.detail}` : 'none'
}
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

test('read() tells the names, the life and the fingerprint', () => {
  const read = certificateReader.read({ chain: `${one.chain}\n${signer.chain}`, key: one.key })
  assert.ok(read.kind === 'facts')
  assert.deepEqual(read.names, ['web.example.org', '*.example.org'])
  assert.equal(read.sha256, new X509Certificate(one.chain).fingerprint256)
  assert.equal(read.notAfter, one.notAfter)
  assert.match(read.issuer, /CN=Test authority/)
})

test('read() refuses what is no certificate, no chain, or nothing for a host', () => {
  assert.match(flawOf('none', one.key), /^chain: it has no certificate/)
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
  assert.match(flawOf(broken, one.key), /^chain: it is no PEM/)
  assert.match(flawOf(`${one.chain}\n${two.chain}`, one.key), /^chain: certificate 2 of the chain/)
  assert.match(flawOf(signer.chain, signer.key), /^chain: its first certificate is an authority/)
  assert.match(flawOf(two.chain, two.key), /^chain: its first certificate has no names/)
  assert.match(flawOf(one.chain.repeat(11), one.key), /^chain: it has more than 10/)
})

test('read() refuses a key that is another, locked, or of a kind that no client wants', () => {
  assert.match(flawOf(one.chain, two.key), /^key: it is not the key/)
  assert.match(flawOf(one.chain, 'none'), /^key: it is no PEM/)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'secp521r1' })
  const locked = one.key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY')
  assert.match(flawOf(one.chain, locked), /^key: it is locked/)
  assert.match(flawOf(one.chain, pemOf(rsa.privateKey)), /^key: RSA of 2048/)
  assert.match(flawOf(one.chain, pemOf(ec.privateKey)), /^key: RSA of 2048/)
  assert.match(
    flawOf(one.chain, pemOf(generateKeyPairSync('ed25519').privateKey)),
    /^key: RSA of 2048/,
  )
})
