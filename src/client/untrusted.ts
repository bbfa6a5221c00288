import { UntrustedError } from './api-error.ts'

/** What OpenSSL calls a chain that ends at nobody known. */
const UNKNOWN = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
])

/** The error of a certificate that was not accepted; undefined: it is another error. */
export function untrusted(base: string, cause: unknown): UntrustedError | undefined {
  const fault = faultOf(cause)
  if (fault === undefined) return undefined
  return new UntrustedError(
    `Cannot trust the certificate of ${base}: ${fault.what}`,
    fault.hint ??
      `On the host of the platform: cloudlet trust --out ca.pem. Then here: cloudlet login --endpoint ${base} --ca ca.pem`,
    { cause },
  )
}

interface Fault {
  readonly what: string
  /** Absent: another authority will help. */
  readonly hint?: string
}

/** As Node and Deno put it: on some error of the chain of causes, by code or in words. */
function faultOf(error: unknown): Fault | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const code = 'code' in one ? String(one.code) : ''
    if (UNKNOWN.has(code) || /unknown ?issuer|self.?signed|bad ?signature/i.test(one.message)) {
      return { what: 'no authority that is trusted here has signed it' }
    }
    if (
      code === 'ERR_TLS_CERT_ALTNAME_INVALID' ||
      /NotValidForName|not valid for name/i.test(one.message)
    ) {
      return { what: 'it is for another name', hint: 'Call the platform by its CLOUDLET_API_HOST' }
    }
    if (code === 'CERT_HAS_EXPIRED' || /certificate.*expired/i.test(one.message)) {
      return { what: 'it has expired', hint: 'Is the clock of this machine right?' }
    }
  }
  return undefined
}
