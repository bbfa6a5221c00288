import type { Queries, Store } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { failure, wrongField } from '../core/failure.ts'
import { fileOf, ownerOf, type SecretRef, type UsedVersion } from '../core/secret-refs.ts'
import type { SecretFile, SecretFiles } from '../ports/secret-files.ts'
import type { Vault } from '../ports/vault.ts'
import { imageOf, specOf } from './container-wanted.ts'

export interface SecretDeps {
  readonly store: Store
  readonly vault: Pick<Vault, 'open'>
  /** Null where the platform is not root, and can mount nothing. */
  readonly secretFiles: SecretFiles | null
}

interface Value {
  readonly ref: SecretRef
  readonly index: number
  readonly bytes: Uint8Array
}

/** What a container is to be made with. */
export interface GivenSecrets {
  readonly env: Readonly<Record<string, string>>
  readonly folder: string | undefined
}

export const NO_SECRETS: GivenSecrets = { env: {}, folder: undefined }

/** Gives containers the secrets that their specs name: files in memory, and variables. */
export function containerSecrets({ store, vault, secretFiles }: SecretDeps) {
  const { chosen, valuesOf } = secretReading({ store, vault })

  /** Its folder with its files, or undefined where the spec asks for none. */
  async function filled(
    row: ContainerRow,
    values: readonly Value[],
  ): Promise<SecretFiles | undefined> {
    const user = specOf(row).user ?? imageOf(row).user
    const files = values.flatMap((value) => fileFor(value, user) ?? [])
    if (files.length === 0) return undefined
    if (!secretFiles) throw noFiles(row)
    await secretFiles.write(row.id, files)
    return secretFiles
  }

  return {
    /** For one that is being made: the newest versions, as the spec wants them. */
    async given({ row }: PlacedContainer): Promise<GivenSecrets> {
      const refs = secretsOf(row)
      if (refs.length === 0) return NO_SECRETS
      const values = await valuesOf(row, refs, await chosen(row, refs))
      const files = await filled(row, values)
      const pairs = values.map(variableFor).filter((pair) => pair !== undefined)
      return { env: Object.fromEntries(pairs), folder: files?.folderOf(row.id) }
    },

    /** Before a new run: takes the newest versions. True: a variable is another, so it must be made anew. */
    async renewed({ row }: PlacedContainer): Promise<boolean> {
      const refs = secretsOf(row)
      if (refs.length === 0) return false
      const used = usedBy(await store.read.containers.byId(row.id))
      const now = await newest(store.read, row, refs)
      const isOther = (ref: SecretRef, index: number): boolean =>
        ref.env !== undefined && now[index]?.version !== used[index]?.version
      if (refs.some(isOther)) return true
      await chosen(row, refs)
      return false
    },

    /** Right before a start: a boot, or the stop before, has taken the files away. */
    async prepare({ row }: PlacedContainer): Promise<void> {
      const refs = secretsOf(row)
      if (!refs.some((ref) => fileOf(ref) !== undefined)) return
      const used = usedBy(await store.read.containers.byId(row.id))
      await filled(row, await valuesOf(row, refs, used))
    },

    /** For one that does not run. */
    async taken({ row }: PlacedContainer): Promise<void> {
      if (secretsOf(row).length > 0) await secretFiles?.remove(row.id)
    },

    /** Folders of containers that are gone. Ids never come again, so none of these is being made. */
    async sweep(): Promise<void> {
      for (const id of (await secretFiles?.list()) ?? []) {
        const row = await store.read.containers.byId(id)
        if (!row || row.removedAt !== null) await secretFiles?.remove(id)
      }
    },
  }
}
export type ContainerSecrets = ReturnType<typeof containerSecrets>

/** Which versions a container has, and what they hold. */
function secretReading({ store, vault }: Pick<SecretDeps, 'store' | 'vault'>) {
  /** Writes down which version each reference means from now on; those are in use, and are kept. */
  async function chosen(row: ContainerRow, refs: readonly SecretRef[]): Promise<UsedVersion[]> {
    return store.writeFor(row.tenantId, async (q) => {
      const versions = await newest(q, row, refs)
      const secretsJson = JSON.stringify(versions)
      await q.containers.update(row.id, { secretsJson, secretsOutdatedAt: null })
      return versions
    })
  }

  async function valuesOf(row: ContainerRow, refs: readonly SecretRef[], used: UsedVersion[]) {
    const q = store.read
    const secrets = await q.secrets.byNames(row.tenantId, [...new Set(refs.map(nameOf))])
    const sealed = await q.secrets.versions(secrets.map(({ id }) => id))
    return refs.map((ref, index): Value => {
      const id = secrets.find(({ name }) => name === ref.name)?.id
      const version = used[index]?.version
      const one = sealed.find((all) => all.secretId === id && all.version === version)
      if (id === undefined || !one) throw missing(ref)
      const place = { tenantId: row.tenantId, secretId: id, version: one.version }
      return { ref, index, bytes: vault.open(place, one) }
    })
  }

  return { chosen, valuesOf }
}

const secretsOf = (row: ContainerRow): readonly SecretRef[] => specOf(row).secrets ?? []
const nameOf = ({ name }: SecretRef): string => name

/** Written by `chosen` alone. */
function usedBy(row: ContainerRow | undefined): UsedVersion[] {
  const used: UsedVersion[] = JSON.parse(row?.secretsJson ?? '[]')
  return used
}

async function newest(
  q: Queries,
  { tenantId }: ContainerRow,
  refs: readonly SecretRef[],
): Promise<UsedVersion[]> {
  const secrets = await q.secrets.byNames(tenantId, [...new Set(refs.map(nameOf))])
  return refs.map((ref) => {
    const secret = secrets.find(({ name }) => name === ref.name)
    if (!secret) throw missing(ref)
    return { name: ref.name, version: ref.version === 'latest' ? secret.version : ref.version }
  })
}

const OWNER_ONLY = 0o400
const FOR_ALL = 0o444

/** A user that is a name has its number only inside the image, so the file is open to all in there. */
function fileFor({ ref, index, bytes }: Value, user: string): SecretFile | undefined {
  const path = fileOf(ref)
  if (path === undefined) return undefined
  const owner = ownerOf(user)
  if (!owner && ref.mode === '0400') {
    const why = `the mode 0400 needs a user by number, and the container's is "${user}"`
    throw wrongField(`#/secrets/${index}/mode`, why)
  }
  const mode = ref.mode === '0444' || !owner ? FOR_ALL : OWNER_ONLY
  return { path, value: bytes, mode, ...(owner ?? { uid: 0, gid: 0 }) }
}

function variableFor({ ref, index, bytes }: Value): readonly [string, string] | undefined {
  if (ref.env === undefined) return undefined
  const text = textOf(bytes)
  if (text !== null && !text.includes('\0')) return [ref.env, text]
  throw wrongField(`#/secrets/${index}/env`, `the value of secret "${ref.name}" is no text`)
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8, and so not a text.
    return null
  }
}

const missing = ({ name, version }: SecretRef) =>
  failure('not-found', `Cannot find secret "${name}" in version ${version}`, {
    kind: 'secret',
    name,
  })

const noFiles = ({ name }: ContainerRow) =>
  failure('state-conflict', `Cannot give container "${name}" secrets as files without root`, {
    kind: 'container',
    name,
    state: 'unisolated',
  })
