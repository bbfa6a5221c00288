import { readFile } from 'node:fs/promises'
import { CommandError, EXIT } from './exit.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
const MOST_CHARACTERS = 256 * 1024

/** The certificates in a file, PEM, each of which can be read; whatever else is in it is left out. */
export async function authorityIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new CommandError(EXIT.usage, `Cannot read the authority in "${path}": ${why}`)
  })
  const found = text.length > MOST_CHARACTERS ? [] : (text.match(CERTIFICATE) ?? [])
  const { X509Certificate } = await import('node:crypto')
  if (found.length > 0 && found.every((pem) => isReadable(pem, X509Certificate))) {
    return `${found.join('\n')}\n`
  }
  const message = `Cannot use "${path}" as an authority: it holds no certificate (PEM)`
  throw new CommandError(EXIT.usage, message, HINT)
}

/** How one comes by it; on the host itself the API needs no certificate. */
const HINT = 'On the host of the platform: cloudlet trust --out ca.pem'

function isReadable(pem: string, Certificate: new (pem: string) => unknown): boolean {
  try {
    void new Certificate(pem)
    return true
  } catch {
    return false // That is what is asked.
  }
}
