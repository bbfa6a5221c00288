import { ROLE_NAMES, type Role } from './permissions.ts'

/** What a group of the identity provider stands for. */
export interface GroupRole {
  readonly group: string
  readonly role: Role
  /** Slug; null: the platform itself. */
  readonly tenant: string | null
}

const ENTRY = /^([^=,]{1,200})=([a-z]+)@(\*|[a-z][a-z0-9-]{0,31})$/

/** Reads `ops=admin@*,shop-dev=member@shop`. Undefined where it is not so written. */
export function groupRoles(text: string): readonly GroupRole[] | undefined {
  const entries = text.split(',').filter((entry) => entry.trim() !== '')
  const read = entries.map((entry) => {
    const [, group = '', name, place = ''] = ENTRY.exec(entry.trim()) ?? []
    const role = ROLE_NAMES.find((one) => one === name)
    return role && { group, role, tenant: place === '*' ? null : place }
  })
  return read.every((one) => one !== undefined) ? read : undefined
}
