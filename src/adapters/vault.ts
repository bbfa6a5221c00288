import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { open, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SecretPlace, Sealed, Vault } from '../ports/vault.ts'
import { KeyFileError } from './key-ring.ts'

interface VaultFile {
  /** The file of the root keys, which is there already: the vault's keys stand beside them. */
  readonly path: string
  /** Whether there are secrets that only lost keys could open. */
  readonly databaseHasSecrets: boolean
}

interface Keys {
  readonly keys: Readonly<Record<string, string>>
  readonly current: number
}

const KEY_BYTES = 32
const KEY_TEXT = /^[\w-]{43}$/

/** Reads the keys of secrets, or makes the first one where no secret can depend on a lost one. */
export async function openVault({ path, databaseHasSecrets }: VaultFile): Promise<Vault> {
  const { secrets } = fields(JSON.parse(await readFile(path, 'utf8')))
  const keys = keysOf(secrets)
  if (keys) return vault(path, keys)
  if (secrets !== undefined || databaseHasSecrets) {
    const why = 'it lacks keys of secrets that the database has; put it back from your backup'
    throw new KeyFileError(`Cannot use the key file "${path}": ${why}`)
  }
  const first = { keys: { 1: newKey() }, current: 1 }
  await kept(path, first)
  return vault(path, first)
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

/** Null where it is not what this file writes. */
function keysOf(value: unknown): Keys | null {
  const { keys: texts, current } = fields(value)
  const keys: Record<string, string> = {}
  for (const [number, text] of Object.entries(fields(texts))) {
    if (!/^[1-9]\d{0,8}$/.test(number) || typeof text !== 'string' || !KEY_TEXT.test(text))
      return null
    keys[number] = text
  }
  if (typeof current !== 'number' || keys[current] === undefined) return null
  return { keys, current }
}

const newKey = (): string => randomBytes(KEY_BYTES).toString('base64url')

/** The whole file anew, or as it was: half a key file would be the end of every secret. */
async function kept(path: string, secrets: Keys): Promise<void> {
  const others = fields(JSON.parse(await readFile(path, 'utf8')))
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ ...others, secrets })}\n`)
    await file.sync()
    await rename(draft, path)
  } catch (error) {
    await unlink(draft)
    throw error
  } finally {
    await file.close()
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function vault(path: string, given: Keys): Vault {
  let { keys, current } = given
  /** One at a time: two that choose the same number would each lose what the other's key wraps. */
  let rotating = Promise.resolve()

  /** RFC 5869: what is on disk encrypts nothing by itself. */
  function wrapping(number: number): Buffer {
    const root = keys[number]
    if (root !== undefined) {
      const key = Buffer.from(root, 'base64url')
      return Buffer.from(hkdfSync('sha256', key, '', 'cloudlet secrets wrap', KEY_BYTES))
    }
    const why = 'the database names it; put the file back from your backup'
    throw new KeyFileError(`Cannot find key ${number} of secrets in "${path}": ${why}`)
  }

  const wrapped = (place: SecretPlace, dataKey: Uint8Array) => ({
    wrappedKey: encrypted(wrapping(current), dataKey, boundTo('key', place)),
    wrapKey: current,
  })

  const dataKeyOf = (place: SecretPlace, { wrappedKey, wrapKey }: Sealed): Buffer =>
    decrypted(wrapping(wrapKey), wrappedKey, boundTo('key', place))

  async function renewed(): Promise<void> {
    const next = Math.max(...Object.keys(keys).map(Number)) + 1
    const { secrets } = fields(JSON.parse(await readFile(path, 'utf8')))
    if (fields(fields(secrets)['keys'])[next] !== undefined) {
      const why = 'it is in the file already, written by another process; restart the platform'
      throw new KeyFileError(`Cannot make key ${next} of secrets in "${path}": ${why}`)
    }
    const more = { ...keys, [next]: newKey() }
    await kept(path, { keys: more, current: next })
    keys = more
    current = next
  }

  return {
    get wrapKey() {
      return current
    },

    seal(place, value) {
      const dataKey = randomBytes(KEY_BYTES)
      const sealedValue = encrypted(dataKey, value, boundTo('value', place))
      return { sealedValue, ...wrapped(place, dataKey) }
    },

    open: (place, sealed) =>
      decrypted(dataKeyOf(place, sealed), sealed.sealedValue, boundTo('value', place)),

    rewrap: (place, sealed) => ({ ...sealed, ...wrapped(place, dataKeyOf(place, sealed)) }),

    rotate() {
      rotating = rotating.then(renewed, renewed)
      return rotating
    },
  }
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Additional data: what was encrypted for one place does not decrypt in another. */
const boundTo = (part: 'key' | 'value', { tenantId, secretId, version }: SecretPlace): Buffer =>
  Buffer.from(JSON.stringify([`cloudlet secret ${part} 1`, tenantId, secretId, version]))

function encrypted(key: Uint8Array, plain: Uint8Array, bound: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound)
  const text = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return Buffer.concat([nonce, text]).toString('base64url')
}

function decrypted(key: Uint8Array, text: string, bound: Uint8Array): Buffer {
  const whole = Buffer.from(text, 'base64url')
  const [nonce, tag] = [whole.subarray(0, NONCE_BYTES), whole.subarray(-TAG_BYTES)]
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound).setAuthTag(tag)
  return Buffer.concat([decipher.update(whole.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}
