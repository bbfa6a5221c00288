/** Secrets as a container's spec names them. */
export interface SecretRef {
  readonly name: string
  readonly version: number | 'latest'
  /** The variable that has the value; without it the value is a file. */
  readonly env?: string | undefined
  /** Below `/run/secrets`; the name of the secret where it is not said. */
  readonly file?: string | undefined
  readonly mode?: '0400' | '0444' | undefined
}

/** The version that a run of a container has, of each reference in the order of the spec. */
export interface UsedVersion {
  readonly name: string
  readonly version: number
}

/** Where its files are in every container. */
export const SECRETS_PATH = '/run/secrets'
/** All that the files and variables of one container may hold: they are in the memory of the host. */
export const MOST_BYTES_A_CONTAINER = 1024 * 1024

/** Where the value is a file, its path; undefined where it is a variable. */
export const fileOf = ({ name, env, file }: SecretRef): string | undefined =>
  env === undefined ? (file ?? name) : undefined

export interface RefProblem {
  readonly index: number
  readonly field: 'env' | 'file' | 'mode'
  readonly detail: string
}

/** The first reference that does not go together with the rest of the spec. */
export function refProblem(
  refs: readonly SecretRef[],
  env: Readonly<Record<string, string>>,
): RefProblem | null {
  const variables = new Set(Object.keys(env))
  const files: string[] = []
  for (const [index, ref] of refs.entries()) {
    const found = problemOf(ref, variables, files)
    if (found) return { index, ...found }
    const file = fileOf(ref)
    if (file === undefined) variables.add(ref.env ?? '')
    else files.push(file)
  }
  return null
}

function problemOf(
  ref: SecretRef,
  variables: ReadonlySet<string>,
  files: readonly string[],
): Omit<RefProblem, 'index'> | null {
  const file = fileOf(ref)
  if (file === undefined) {
    if (ref.file !== undefined) return { field: 'file', detail: 'it is a variable or a file' }
    if (ref.mode !== undefined) return { field: 'mode', detail: 'a variable has no mode' }
    const isTaken = variables.has(ref.env ?? '')
    return isTaken ? { field: 'env', detail: 'the variable is set already' } : null
  }
  const clash = files.find((one) => one === file || isWithin(one, file) || isWithin(file, one))
  return clash === undefined ? null : { field: 'file', detail: `"${clash}" is in its way` }
}

const isWithin = (folder: string, path: string): boolean => path.startsWith(`${folder}/`)

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whose the files are; null for a user that only the image can tell the number of. */
export function ownerOf(user: string): Owner | null {
  if (user === '' || user === 'root') return { uid: 0, gid: 0 }
  const match = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(user)
  return match ? { uid: Number(match[1]), gid: Number(match[2] ?? 0) } : null
}
