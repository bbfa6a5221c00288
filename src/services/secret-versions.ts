/** How many versions of a secret are kept; older ones go when a new one comes, unless they are in use. */
const MOST_VERSIONS = 10

interface UsedVersion {
  readonly name: string
  readonly version: number
}

interface User {
  readonly wantedJson: string
  readonly secretsJson: string | null
}

/** Versions that a container names, or runs with. The newest is in use in any case. */
export function versionsInUse(name: string, users: readonly User[]): ReadonlySet<number> {
  const used = new Set<number>()
  for (const { wantedJson, secretsJson } of users) {
    // Written by the database and by the reconciler, in these shapes.
    const wanted: readonly (number | string)[] = JSON.parse(wantedJson)
    const running: readonly UsedVersion[] = JSON.parse(secretsJson ?? '[]')
    for (const version of wanted) if (typeof version === 'number') used.add(version)
    for (const one of running) if (one.name === name) used.add(one.version)
  }
  return used
}

/** What has to go for one more to have room; null where too many are in use. */
export function spareVersions(
  kept: readonly { readonly version: number }[],
  used: ReadonlySet<number>,
): readonly number[] | null {
  const surplus = kept.length + 1 - MOST_VERSIONS
  if (surplus <= 0) return []
  const newest = kept.at(-1)?.version
  const spare = kept.map(({ version }) => version).filter((one) => one !== newest && !used.has(one))
  return spare.length >= surplus ? spare.slice(0, surplus) : null
}
