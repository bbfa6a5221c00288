import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'

/**
 * Renews vendor/scalar: takes Scalar's file for the browser out of its package, of this version and
 * with this hash. Why it is kept here and not installed: docs/decisions/reference-page.md.
 */
const PACKAGE = '@scalar/api-reference@1.72.1'
const INTEGRITY =
  'sha512-XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=='
const MEMBER = 'package/dist/browser/standalone.js'
const TARGET = new URL('../vendor/scalar/standalone.js.br', import.meta.url)

const folder = mkdtempSync(join(tmpdir(), 'cloudlet-reference-'))
try {
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', PACKAGE], {
    cwd: folder,
  })
  const archive = join(folder, packed.toString().trim())
  const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (hash !== INTEGRITY) throw new Error(`Cannot use ${PACKAGE}: its hash is ${hash}`)
  const script = execFileSync('tar', ['-xzOf', archive, MEMBER], { maxBuffer: 64 * 1024 * 1024 })
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  }
  writeFileSync(TARGET, brotliCompressSync(script, { params }))
} finally {
  rmSync(folder, { recursive: true })
}
