import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'

const decompressed = promisify(brotliDecompress)

/** Reads it each time: a page that a person opens now and then is not worth megabytes of memory. */
export const referenceScript = (path: string | URL) => ({
  compressed: async (): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(path)),
  plain: async (): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await decompressed(await readFile(path))),
})
