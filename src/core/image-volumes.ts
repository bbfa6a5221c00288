const MIB = 1024 * 1024
/** Each is a mount and a promise of memory; images of databases have one to three. */
const MOST_VOLUMES = 16
const PATH_LENGTH = 255
const VOLUME_BYTES = 64 * MIB

export type ImageVolumes =
  | { readonly ok: true; readonly sizeBytes: number }
  | { readonly ok: false; readonly reason: string }

/**
 * Judges the directories that an image calls volumes. An engine would make each a volume without a size
 * on the host's disk; here each is a file system in memory, and together they take no more than the
 * container has. Answers the size of each, or why the image cannot be run.
 */
export function imageVolumes(paths: readonly string[], memoryBytes: number): ImageVolumes {
  if (paths.length > MOST_VOLUMES) {
    const reason = `declares ${paths.length} volumes, more than the ${MOST_VOLUMES} that are given`
    return { ok: false, reason }
  }
  for (const path of paths) {
    const wrong = wrongWith(path)
    if (wrong) return { ok: false, reason: `declares the volume "${path.slice(0, 80)}": ${wrong}` }
  }
  const share = Math.floor(memoryBytes / Math.max(1, paths.length))
  return { ok: true, sizeBytes: Math.min(VOLUME_BYTES, share) }
}

/** The kernel's own, and what the engine mounts itself. */
const KEPT_TREES = ['/proc', '/sys', '/dev']
/** Empty, the container could not run: its programs, libraries and users are there. */
const KEPT_WHOLE = ['/', '/bin', '/boot', '/etc', '/lib', '/lib32', '/lib64', '/sbin', '/usr']
const KEPT_FILES = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']

function wrongWith(path: string): string | undefined {
  if (path.length > PATH_LENGTH) return 'its path is too long'
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[,:\\]/.test(path)) return 'its path is malformed'
  const plain = path === '/' ? path : path.replace(/\/$/, '')
  const parts = plain.slice(1).split('/')
  if (plain !== '/' && parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'its path is not in its plain form'
  }
  const reserved =
    KEPT_WHOLE.includes(plain) ||
    KEPT_FILES.includes(plain) ||
    KEPT_TREES.some((tree) => plain === tree || plain.startsWith(`${tree}/`))
  return reserved ? 'this path is not free' : undefined
}
