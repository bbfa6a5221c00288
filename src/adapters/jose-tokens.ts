import { compactVerify, errors, SignJWT } from 'jose'
import type { Tokens } from '../ports/tokens.ts'

const ALGORITHM = 'HS256'

export const joseTokens: Tokens = {
  sign({ accessKeyId, version, jti, issuedAt, expiresAt, scope }, secret) {
    const token = new SignJWT(scope === undefined ? {} : { scope: [...scope] })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: `${accessKeyId}.${version}` })
      .setSubject(accessKeyId)
      .setJti(jti)
      .setIssuedAt(issuedAt)
    if (expiresAt !== null) token.setExpirationTime(expiresAt)
    return token.sign(bytesOf(secret))
  },

  async isSigned(token, secret) {
    try {
      await compactVerify(token, bytesOf(secret), { algorithms: [ALGORITHM] })
      return true
    } catch (error) {
      // Whatever is wrong with the token, to jose it is an error of this kind; others are ours.
      if (error instanceof errors.JOSEError) return false
      throw error
    }
  },
}

const bytesOf = (secret: string): Uint8Array => new TextEncoder().encode(secret)
