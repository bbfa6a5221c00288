import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Signer } from '../ports/signer.ts'

/** What comes before the 32 bytes of a private key in its PKCS #8 form (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export function ed25519(seed: Buffer): Signer {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  if (x === undefined) throw new Error('Cannot derive a public key: it has no value "x"')
  return {
    publicKey: x,
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64url'),
  }
}
