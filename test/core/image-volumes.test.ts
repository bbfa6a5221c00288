import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageVolumes } from '../../src/core/image-volumes.ts'

const MIB = 1024 * 1024
const REFUSED = `
  / /proc /proc/sys /sys/fs/cgroup /dev /dev/shm /dev/
  /etc /etc/ /usr /bin /lib64 /etc/hosts /etc/resolv.conf
  data . ./data /tmp/../etc /a/./b /a//b //etc /.. /a/..
  /a,exec /a:/b C:\\data`
  .trim()
  .split(/\s+/)

test('imageVolumes() gives each volume 64 MiB, and all together no more than the memory', () => {
  assert.deepEqual(imageVolumes([], 6 * MIB), { ok: true, sizeBytes: 6 * MIB })
  assert.deepEqual(imageVolumes(['/data'], 256 * MIB), { ok: true, sizeBytes: 64 * MIB })
  const eight = Array.from({ length: 8 }, (_, i) => `/data/${i}`)
  assert.deepEqual(imageVolumes(eight, 128 * MIB), { ok: true, sizeBytes: 16 * MIB })
})

test('imageVolumes() lets through what images of databases and servers declare', () => {
  const usual = [
    '/var/lib/postgresql/data',
    '/data/',
    '/etc/nginx/conf.d',
    '/home/node/.npm',
    '/tmp',
  ]
  assert.equal(imageVolumes(usual, 256 * MIB).ok, true)
})

test('imageVolumes() refuses paths that are not free, not plain, or too long, and says which', () => {
  for (const path of [
    ...REFUSED,
    '/a b',
    '/a\n',
    '/a\u0000',
    '/\u202eetc',
    `/${'a'.repeat(255)}`,
    '',
  ]) {
    const judged = imageVolumes(['/fine', path], 256 * MIB)
    assert.equal(judged.ok, false, path)
    assert.ok(!judged.ok && judged.reason.length < 200)
  }
})

test('imageVolumes() refuses an image of two hundred volumes', () => {
  const many = Array.from({ length: 200 }, (_, i) => `/data/${i}`)
  const judged = imageVolumes(many, 256 * MIB)
  assert.ok(!judged.ok && /200 volumes/.test(judged.reason))
})
