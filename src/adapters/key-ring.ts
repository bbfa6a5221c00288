import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { open, link, lstat, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KeyRing } from '../ports/key-ring.ts'
import { ed25519 } from './ed25519.ts'

/** The key file cannot be used, and must not be replaced: the message says what to do. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
}

interface KeyFile {
  readonly path: string
  /** Whether secrets have been handed out that only the lost file could derive again. */
  readonly databaseHasKeys: boolean
}

/** Reads the root keys, or makes the first one where nothing can depend on an older one yet. */
export async function openKeyRing({ path, databaseHasKeys }: KeyFile): Promise<KeyRing> {
  const mode = await modeOf(path)
  if (mode === undefined) {
    if (databaseHasKeys) {
      const why =
        'the database has access keys whose secrets it holds; put it back from your backup'
      throw new KeyFileError(`Cannot find the key file "${path}": ${why}`)
    }
    await makeKeyFile(path)
  } else if ((mode & 0o077) !== 0) {
    const why = `others can read it; if nobody has, run: chmod 600 ${path}`
    throw new KeyFileError(`Cannot use the key file "${path}": ${why}`)
  }
  const { keys, current } = parsed(path, await readFile(path, 'utf8'))
  return keyRing(path, keys, current)
}

const KEY_BYTES = 32

async function modeOf(path: string): Promise<number | undefined> {
  try {
    const stat = await lstat(path)
    if (!stat.isFile()) throw new KeyFileError(`Cannot use the key file "${path}": it is no file`)
    return stat.mode
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Whole or not at all, and never in place of one that another process has made meanwhile. */
async function makeKeyFile(path: string): Promise<void> {
  const keys = { 1: randomBytes(KEY_BYTES).toString('base64url') }
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ keys, current: 1 })}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } finally {
    await unlink(draft)
  }
  // The name must survive a power cut as well, before a secret is derived from what it names.
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function parsed(path: string, text: string): { keys: Map<number, Buffer>; current: number } {
  const unusable = (why: string) =>
    new KeyFileError(`Cannot use the key file "${path}": ${why}; put it back from your backup`)
  const { keys: texts, current } = shapeOf(text) ?? {}
  if (texts === undefined || current === undefined) throw unusable('it does not hold root keys')
  const keys = new Map<number, Buffer>()
  for (const [number, value] of Object.entries(texts)) {
    if (!/^[1-9]\d{0,8}$/.test(number) || typeof value !== 'string' || !/^[\w-]+$/.test(value)) {
      throw unusable('it does not hold root keys')
    }
    const key = Buffer.from(value, 'base64url')
    if (key.length < KEY_BYTES) throw unusable(`root key ${number} is shorter than 256 bits`)
    keys.set(Number(number), key)
  }
  if (!keys.has(current)) throw unusable(`it has no root key ${current}, which it calls current`)
  return { keys, current }
}

function shapeOf(text: string): { keys: object; current: number } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    if (!('keys' in value) || typeof value.keys !== 'object' || value.keys === null)
      return undefined
    if (!('current' in value) || typeof value.current !== 'number') return undefined
    return { keys: value.keys, current: value.current }
  } catch {
    // Not JSON: no root keys in it.
    return undefined
  }
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

function keyRing(path: string, keys: ReadonlyMap<number, Buffer>, current: number): KeyRing {
  /** RFC 5869: one root key, as many independent keys as there are purposes. */
  function derived(rootKey: number, purpose: readonly string[]): Buffer {
    const root = keys.get(rootKey)
    if (root) return Buffer.from(hkdfSync('sha256', root, '', purpose.join('\0'), KEY_BYTES))
    const why = 'the database names it; put the file back from your backup'
    throw new KeyFileError(`Cannot find root key ${rootKey} in the key file "${path}": ${why}`)
  }

  /** Kept, because a chain is verified with one key a hundred thousand times. */
  const macKeys = new Map<string, Buffer>()
  function macKeyOf(rootKey: number, purpose: string): Buffer {
    const name = `${rootKey} ${purpose}`
    const key = macKeys.get(name) ?? derived(rootKey, ['cloudlet mac', purpose])
    macKeys.set(name, key)
    return key
  }

  return {
    current,
    secretOf: (rootKey, keyId, version) =>
      derived(rootKey, ['cloudlet access key', keyId, String(version)]).toString('base64url'),

    mac(rootKey, purpose, text) {
      if (!keys.has(rootKey)) return undefined
      return createHmac('sha256', macKeyOf(rootKey, purpose)).update(text).digest('base64url')
    },

    signer: (purpose) => ed25519(derived(current, ['cloudlet sign', purpose])),

    seal(purpose, plain) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, derived(current, ['cloudlet seal', purpose]), nonce)
      const sealed = Buffer.concat([
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return `${current}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },

    open(purpose, text) {
      const [rootKey = '', nonce = '', rest = ''] = text.split('.')
      const key = derived(Number(rootKey), ['cloudlet seal', purpose])
      const sealed = Buffer.from(rest, 'base64url')
      const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64url'), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
      return Buffer.concat([plain, decipher.final()]).toString('utf8')
    },
  }
}
