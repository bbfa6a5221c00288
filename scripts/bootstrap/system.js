import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { join } from 'node:path'

const SECTION_INTERPRETER = 3 // PT_INTERP: the ELF program header that names a dynamic loader

/** The first executable of that name in a PATH, or undefined. */
export function program(/** @type {string} */ name, /** @type {string} */ path) {
  return path
    .split(':')
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file))
}

/**
 * Packages out of the table whose program is not on this system. Programs are looked for, not
 * packages: the engine may be docker-ce, and other families name their packages otherwise.
 *
 * @param {string[]} packages
 * @param {Record<string, string>} programs
 * @param {string} path
 */
export function missingPackages(packages, programs, path) {
  return packages.filter((name) => {
    const file = program(programs[name] ?? name, path)
    if (!file) return true
    // The ordinary busybox needs libraries that an image from scratch does not have.
    return name === 'busybox-static' && !isStatic(file)
  })
}

/** @param {string} osRelease what /etc/os-release says */
export function isDebianFamily(osRelease) {
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)]
  return ids.some(([, value = '']) => value.replaceAll('"', '').split(/\s+/).includes('debian'))
}

/** The text of a file, or nothing where there is none. */
export function textOf(/** @type {string} */ path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Absent and forbidden are the same to somebody who wants to run it.
    return false
  }
}

/** Whether a 64-bit little-endian ELF file runs without a dynamic loader. */
export function isStatic(/** @type {string} */ file) {
  const head = Buffer.alloc(4096)
  const descriptor = openSync(file, 'r')
  const size = readSync(descriptor, head, 0, head.length, 0)
  closeSync(descriptor)
  if (size < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return false
  const offset = Number(head.readBigUInt64LE(32))
  const entrySize = head.readUInt16LE(54)
  const types = Array.from({ length: head.readUInt16LE(56) }, (_, i) => offset + i * entrySize)
  return types.every((at) => at + 4 <= size && head.readUInt32LE(at) !== SECTION_INTERPRETER)
}
