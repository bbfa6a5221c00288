import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { removeSecretFiles, secretFiles } from '../../src/adapters/secret-files.ts'

const run = promisify(execFile)
const ROOT = process.getuid?.() === 0
const TMPFS_MAGIC = 0x0102_1994

function house() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-secrets-'))
  const root = join(folder, 'instance', 'secrets')
  return {
    root,
    async [Symbol.asyncDispose]() {
      await removeSecretFiles(root)
      rmSync(folder, { recursive: true })
    },
  }
}

const file = (path: string, value: string, mode = 0o400) => ({
  path,
  value: Buffer.from(value),
  mode,
  uid: 1234,
  gid: 1234,
})

test('files are on a tmpfs that only root can enter, and each is its owner’s', async () => {
  await using place = house()
  const files = secretFiles(place.root)
  assert.deepEqual(await files.list(), [])
  if (!ROOT) {
    // Who is not root can mount nothing, and the platform keeps no files then.
    await assert.rejects(files.write('c1', [file('a', 'x')]))
    return
  }
  await files.write('c1', [file('a', 'one'), file('b/c', 'two', 0o444)])
  const folder = files.folderOf('c1')
  assert.equal(statfsSync(folder).type, TMPFS_MAGIC)
  assert.equal(statSync(place.root).mode & 0o777, 0o700)
  assert.equal(statSync(folder).mode & 0o777, 0o755)
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'one')
  const inner = statSync(join(folder, 'b/c'))
  assert.deepEqual([inner.mode & 0o777, inner.uid, inner.gid], [0o444, 1234, 1234])
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  assert.match(mounts.find((line) => line.includes(place.root)) ?? '', /noexec/)

  await files.write('c1', [file('d', 'three')])
  assert.deepEqual([existsSync(join(folder, 'a')), existsSync(join(folder, 'd'))], [false, true])
  await secretFiles(place.root).write('c2', [])
  assert.deepEqual((await files.list()).toSorted(), ['c1', 'c2'])
  await files.remove('c1')
  await files.remove('c1')
  assert.deepEqual(await files.list(), ['c2'])
  await removeSecretFiles(place.root)
  assert.equal(existsSync(place.root), false)
  await removeSecretFiles(place.root)
})

test('first writes at once mount one tmpfs, and removal leaves none of several', async () => {
  await using place = house()
  const files = secretFiles(place.root)
  if (!ROOT) {
    await assert.rejects(files.write('c1', []))
    return
  }
  const ids = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8']
  const mounts = () =>
    readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(place.root)).length
  await Promise.all(ids.map((id) => files.write(id, [file('a', id)])))
  assert.equal(mounts(), 1)
  assert.deepEqual((await files.list()).toSorted(), ids)
  const words = ['-t', 'tmpfs', '-o', 'size=1m', 'none', place.root]
  await run('mount', words)
  assert.equal(mounts(), 2)
  await removeSecretFiles(place.root)
  assert.equal(mounts(), 0)
})
