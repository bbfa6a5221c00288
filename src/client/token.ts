import { SignJWT } from 'jose'

export interface MintedFrom {
  readonly accessKeyId: string
  /** As it was shown once: base64url, with the version that was shown beside it. */
  readonly secretKey: string
  readonly version: number
  readonly now: Date
  readonly randomJti: string
  /** At most 900: the platform accepts no longer life from a token that is not on its record. */
  readonly lifetimeSeconds: number
  /** Narrows the token to these permissions; it cannot add any. */
  readonly scope?: readonly string[]
}

/** Makes a token from an access key, on the client's side: the secret itself never travels. */
export function mintToken(from: MintedFrom): Promise<string> {
  const issuedAt = Math.floor(from.now.getTime() / 1000)
  const claims = from.scope === undefined ? {} : { scope: [...from.scope] }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: `${from.accessKeyId}.${from.version}` })
    .setSubject(from.accessKeyId)
    .setJti(from.randomJti)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + from.lifetimeSeconds)
    .sign(new TextEncoder().encode(from.secretKey))
}
