import { stat, statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import type { Disk } from '../core/capacity.ts'
import type { Host } from '../ports/host.ts'

/** This machine, with the disks on which `folders` are. */
export function systemHost(folders: (signal: AbortSignal) => Promise<readonly string[]>): Host {
  return {
    async facts(signal) {
      const disks = await Promise.all((await folders(signal)).map(diskOf))
      signal.throwIfAborted()
      // Two folders of one file system are one disk, which is named by the first.
      const seen = new Map(disks.toReversed().map((disk) => [disk.device, disk]))
      const own = disks.filter((disk) => seen.get(disk.device) === disk)
      return {
        cpus: cpus().length,
        memoryBytes: totalmem(),
        // `MemAvailable` of the kernel: what it has cached counts as free.
        memoryFreeBytes: freemem(),
        disks: own.map(({ path, sizeBytes, freeBytes }) => ({ path, sizeBytes, freeBytes })),
      }
    },
  }
}

async function diskOf(path: string): Promise<Disk & { readonly device: number }> {
  const [{ bsize, blocks, bfree, bavail }, { dev }] = await Promise.all([statfs(path), stat(path)])
  // What is kept for root is neither used nor free: without it the share in use is what `df` shows.
  const sizeBytes = bsize * (blocks - bfree + bavail)
  return { path, sizeBytes, freeBytes: bsize * bavail, device: dev }
}
