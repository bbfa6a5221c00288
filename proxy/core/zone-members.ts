import { ipv4 } from './dns-address.ts'
import type { HealthReport, Member, Place } from './route-table.ts'

/** A member of which names and answers can be made. */
export interface SoundMember extends Member {
  readonly places: readonly Place[]
}

/** Who has an address. */
export type Holders = ReadonlyMap<string, { readonly member: SoundMember; readonly place: Place }>

/**
 * The table comes over a boundary: what no name or answer could be made of is left out. In one of an older
 * version a member is in a network that it shares with all of its tenant.
 */
export function soundMember(member: Member): SoundMember | undefined {
  const { name, tenant, address } = member
  if (!isLabel(name) || !isLabel(tenant) || ipv4(address) === null) return undefined
  const given = member.places ?? [{ network: `of ${tenant}`, address, aliases: [] }]
  const places = given
    .filter((one) => ipv4(one.address) !== null)
    .map((one) => ({ ...one, aliases: one.aliases.filter(isLabel) }))
  return { ...member, places }
}

export function isLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
}

/** A container that gets traffic: its process runs, and its check says so where it has one. */
export function isReady(member: Member, health: ReadonlyMap<string, HealthReport>): boolean {
  if (member.state !== 'running') return false
  if (member.check === null) return true
  const report = health.get(member.id)
  return report !== undefined && report.run === member.run && report.healthy
}

const GONE: ReadonlySet<Member['state']> = new Set(['stopped', 'suspended'])

/** By address. Of two members with the same one, that which still has a life before it is meant. */
export function holdersOf(members: readonly SoundMember[]): Holders {
  const gone = members.filter(({ state }) => GONE.has(state))
  const alive = members.filter(({ state }) => !GONE.has(state))
  return new Map(
    [...gone, ...alive].flatMap((member) =>
      member.places.map((place) => [place.address, { member, place }] as const),
    ),
  )
}
