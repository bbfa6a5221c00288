import { randomBytes } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Authority, CertificateAuthority, KeyPair } from '../ports/certificate-authority.ts'

/** ECDSA over P-256: what every client of these years takes, and a signature that costs little. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

const DAY_MS = 24 * 3600_000
const AUTHORITY_DAYS = 3650
/** Browsers refuse certificates of over 398 days; these are renewed long before. */
const LEAF_DAYS = 90
const BACK_MS = 3600_000

/** X.509 by @peculiar/x509 (maintained, on WebCrypto, so it runs on Node and on Deno). */
export function x509Authority(): CertificateAuthority {
  return { create, issue }
}

async function create(commonName: string, at: number): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const life = lifeOf(at, AUTHORITY_DAYS)
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }, { O: ['Cloudlet'] }],
    signingAlgorithm: ALGORITHM,
    keys,
    ...life,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pairOf(made, keys, life)
}

async function issue(
  authority: Authority,
  hosts: readonly (readonly string[])[],
  at: number,
): Promise<KeyPair[]> {
  const issuer = new X509Certificate(authority.chain)
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    PemConverter.decodeFirst(authority.key),
    ALGORITHM,
    false,
    ['sign'],
  )
  return Promise.all(hosts.map((names) => leaf({ issuer, signingKey, names, at })))
}

interface Leaf {
  readonly issuer: X509Certificate
  readonly signingKey: CryptoKey
  readonly names: readonly string[]
  readonly at: number
}

async function leaf({ issuer, signingKey, names, at }: Leaf): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const life = lifeOf(at, LEAF_DAYS)
  const made = await X509CertificateGenerator.create({
    serialNumber: serial(),
    // The names are in the extension, where clients look; a subject has room for 64 characters.
    subject: [{ O: ['Cloudlet'] }],
    issuer: issuer.subjectName,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    ...life,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return pairOf(made, keys, life)
}

const lifeOf = (at: number, days: number) => ({
  notBefore: new Date(at - BACK_MS),
  notAfter: new Date(at + days * DAY_MS),
})

async function pairOf(
  made: X509Certificate,
  { privateKey }: CryptoKeyPair,
  { notBefore, notAfter }: ReturnType<typeof lifeOf>,
): Promise<KeyPair> {
  return {
    chain: made.toString('pem'),
    key: await pemOf(privateKey),
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
  }
}

/** Positive and of at most 20 bytes (RFC 5280 §4.1.2.2). */
export function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

export async function pemOf(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
