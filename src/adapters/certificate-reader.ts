import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { CertificateFlaw, CertificateReader } from '../ports/certificate-reader.ts'

const CHAIN_MOST = 10
const RSA_LEAST_BITS = 2048
/** A larger key makes each handshake dear for the worker, and no client asks for one. */
const RSA_MOST_BITS = 4096
const CURVES = new Set(['prime256v1', 'secp384r1'])
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const HOST = /^(?:\*\.)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$/

/** By the runtime's own X.509. */
export const certificateReader: CertificateReader = {
  read({ chain: text, key: secret }) {
    const chain = parsed(text)
    if ('kind' in chain) return chain
    const [leaf] = chain
    if (leaf === undefined) return flaw('chain', 'it has no certificate (PEM)')
    const key = privateKey(secret)
    if ('kind' in key) return key
    if (!leaf.checkPrivateKey(key)) return flaw('key', 'it is not the key of the certificate')
    const wrong = flawIn(chain)
    if (wrong !== undefined) return flaw('chain', wrong)
    const names = namesOf(leaf)
    if (names.length === 0) return flaw('chain', 'its first certificate has no names of hosts')
    return {
      kind: 'facts',
      names,
      issuer: leaf.issuer.replaceAll('\n', ', '),
      sha256: leaf.fingerprint256,
      notBefore: leaf.validFromDate.getTime(),
      notAfter: leaf.validToDate.getTime(),
    }
  },
}

function parsed(text: string): readonly X509Certificate[] | CertificateFlaw {
  const blocks = text.match(BLOCK) ?? []
  if (blocks.length > CHAIN_MOST)
    return flaw('chain', `it has more than ${CHAIN_MOST} certificates`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return flaw('chain', 'it is no PEM of certificates')
  }
}

function privateKey(secret: string): KeyObject | CertificateFlaw {
  if (secret.includes('ENCRYPTED')) return flaw('key', 'it is locked with a passphrase')
  let key: KeyObject
  try {
    key = createPrivateKey(secret)
  } catch {
    return flaw('key', 'it is no PEM of a private key')
  }
  const { modulusLength: bits = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const isGood =
    (key.asymmetricKeyType === 'rsa' && bits >= RSA_LEAST_BITS && bits <= RSA_MOST_BITS) ||
    (key.asymmetricKeyType === 'ec' && CURVES.has(namedCurve))
  return isGood
    ? key
    : flaw('key', 'RSA of 2048 to 4096 bits, or ECDSA over P-256 or P-384 is taken')
}

/** Each is signed by the next (RFC 8446 §4.4.2); the last may be one that clients know. */
function flawIn(chain: readonly X509Certificate[]): string | undefined {
  const [leaf] = chain
  if (leaf?.ca === true) return 'its first certificate is an authority, not a host'
  // Deno tells another extension here, in words; what has no OID says nothing of it.
  const uses = (leaf?.keyUsage ?? []).filter((use) => /^\d+(?:\.\d+)+$/.test(use))
  if (uses.length > 0 && !uses.includes(SERVER_AUTH)) {
    return 'its first certificate is not for servers'
  }
  const at = chain.findIndex((one, i) => {
    const by = chain[i + 1]
    return by !== undefined && !(by.ca && one.checkIssued(by) && one.verify(by.publicKey))
  })
  return at < 0 ? undefined : `certificate ${at + 2} of the chain has not signed the one before it`
}

/** Subject names are not looked at: no client does (RFC 9525 §2). */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  const names = (subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length).toLowerCase())
  return [...new Set(names.filter((name) => HOST.test(name)))]
}

const flaw = (field: CertificateFlaw['field'], detail: string): CertificateFlaw => ({
  kind: 'flaw',
  field,
  detail,
})
