export interface SecretFile {
  /** Relative, of plain names. */
  readonly path: string
  readonly value: Uint8Array
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Files of secrets in the host's memory, a folder a container, which the engine shows to it alone. */
export interface SecretFiles {
  folderOf(containerId: string): string
  /** Takes the place of all that the folder had. */
  write(containerId: string, files: readonly SecretFile[]): Promise<void>
  /** One that is gone is fine. */
  remove(containerId: string): Promise<void>
  /** Containers that have a folder. */
  list(): Promise<readonly string[]>
}
