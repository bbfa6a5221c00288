import { createHash } from 'node:crypto'
import {
  Extension,
  Pkcs10CertificateRequestGenerator,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { ALGORITHM, pemOf, serial } from './x509-authority.ts'

const HOUR_MS = 3600_000
/** id-pe-acmeIdentifier (RFC 8737 §3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'
const OCTET_STRING = 0x04

/** A key of its own, PKCS #8. */
export async function newKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  return pemOf(privateKey)
}

/** A request for a certificate of that host, in DER (RFC 2986). */
export async function requestOf(host: string, key: string): Promise<Buffer> {
  const made = await Pkcs10CertificateRequestGenerator.create({
    keys: await pairOf(key),
    signingAlgorithm: ALGORITHM,
    extensions: [namesOf(host)],
  })
  return Buffer.from(made.rawData)
}

/** What is shown in a handshake for `acme-tls/1`: its own issuer, with the digest of the key authorization. */
export async function proofOf(host: string, keyAuthorization: string, at: number) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const digest = createHash('sha256').update(keyAuthorization).digest()
  const value = Buffer.concat([Buffer.from([OCTET_STRING, digest.length]), digest])
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: ['ACME challenge'] }],
    signingAlgorithm: ALGORITHM,
    keys,
    notBefore: new Date(at - HOUR_MS),
    notAfter: new Date(at + 24 * HOUR_MS),
    extensions: [namesOf(host), new Extension(ACME_IDENTIFIER, true, value)],
  })
  return { chain: made.toString('pem'), key: await pemOf(keys.privateKey) }
}

const namesOf = (host: string): SubjectAlternativeNameExtension =>
  new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])

/** The public half is within the private one. */
async function pairOf(key: string): Promise<CryptoKeyPair> {
  const bytes = PemConverter.decodeFirst(key)
  const privateKey = await crypto.subtle.importKey('pkcs8', bytes, ALGORITHM, true, ['sign'])
  const { d: _secret, key_ops: _use, ...half } = await crypto.subtle.exportKey('jwk', privateKey)
  const publicKey = await crypto.subtle.importKey('jwk', half, ALGORITHM, true, ['verify'])
  return { privateKey, publicKey }
}
