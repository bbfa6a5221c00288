import { randomBytes, scrypt, type ScryptOptions } from 'node:crypto'

/** 16 MiB and some tens of milliseconds a password: whoever finds the hash has to spend that for each guess. */
const LOG2_N = 14
const BLOCK = 8
const PARALLEL = 1
const SALT_BYTES = 16
const KEY_BYTES = 32

/** `scrypt:<log2 N>:<r>:<p>:<salt>:<key>` (RFC 7914), both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const options = { N: 2 ** LOG2_N, r: BLOCK, p: PARALLEL, maxmem: 64 * 1024 ** 2 }
  const key = await derived(password.normalize('NFC'), salt, options)
  const [saltText, keyText] = [salt, key].map((bytes) => bytes.toString('base64url'))
  return ['scrypt', LOG2_N, BLOCK, PARALLEL, saltText, keyText].join(':')
}

const derived = (password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
