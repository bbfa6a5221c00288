import type { SecretFile, SecretFiles } from '../../src/ports/secret-files.ts'

/** Folders of a host's memory, which a boot empties. */
export class FakeSecretFiles implements SecretFiles {
  readonly folders = new Map<string, readonly SecretFile[]>()

  folderOf(containerId: string): string {
    return `/run/cloudlet/test/secrets/${containerId}`
  }

  async write(containerId: string, files: readonly SecretFile[]): Promise<void> {
    this.folders.set(containerId, files)
  }

  async remove(containerId: string): Promise<void> {
    this.folders.delete(containerId)
  }

  async list(): Promise<readonly string[]> {
    return [...this.folders.keys()]
  }
}
