import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseLdd } from '../../images/contexts.ts'
import type { BuildContext, ContextEntry } from '../../images/contexts.ts'
import { pack } from '../../images/pack.ts'

async function packed(entries: readonly ContextEntry[]): Promise<Buffer> {
  const context: BuildContext = {
    tag: 'a:b',
    latest: 'a:latest',
    dockerfile: 'FROM scratch',
    entries,
  }
  const chunks: Buffer[] = []
  const stream: AsyncIterable<Buffer> = pack(context)
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('pack() writes an archive that tar reads: modes, links, folders, contents', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-images-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'source'), 'x'.repeat(70_000))
  const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}/file`
  const archive = await packed([
    { path: 'tmp', mode: 0o1777, directory: true },
    { path: 'bin/sh', link: 'busybox' },
    { path: 'big', mode: 0o755, source: join(folder, 'source') },
    { path: deep, mode: 0o600, source: Buffer.from('deep') },
  ])
  writeFileSync(join(folder, 'tar'), archive)
  const list = execFileSync('tar', ['-tvf', join(folder, 'tar'), '--utc']).toString()
  const lines = list.trim().split('\n')
  assert.deepEqual(
    lines.map((line) => line.replaceAll(/\s+/g, ' ').replace(' 1970-01-01 00:00', '')),
    [
      '-rw-r--r-- 0/0 12 Dockerfile',
      'drwxrwxrwt 0/0 0 tmp/',
      'lrwxrwxrwx 0/0 0 bin/sh -> busybox',
      '-rwxr-xr-x 0/0 70000 big',
      `-rw------- 0/0 4 ${deep}`,
    ],
  )
  const text = execFileSync('tar', ['-xOf', join(folder, 'tar'), deep]).toString()
  assert.equal(text, 'deep')
})

test('pack() refuses a path that the format cannot hold', async () => {
  const entry = { path: 'p'.repeat(101), mode: 0o644, source: Buffer.alloc(0) }
  await assert.rejects(packed([entry]), /path is too long/)
})

test('parseLdd() takes paths, the loader among them, and not the kernel’s own library', () => {
  const output = `
\tlinux-vdso.so.1 (0x00007ffd)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f1)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f2)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f3)
`
  assert.deepEqual(parseLdd(output), [
    '/lib/x86_64-linux-gnu/libm.so.6',
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/lib64/ld-linux-x86-64.so.2',
  ])
  assert.throws(
    () => parseLdd('\tlibgone.so => not found\n'),
    /the library "libgone.so" is missing/,
  )
})
