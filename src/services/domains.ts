import type { Queries, Store } from '../../db/open.ts'
import type { DomainRow } from '../../db/queries/domains.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Domain, DomainClaim } from '../contract/domains.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound, wrongField } from '../core/failure.ts'
import { isInDomain, namesAbove } from '../core/host-names.ts'
import { covers } from '../core/route-hosts.ts'
import { specOf } from '../core/route-spec.ts'
import { timeText } from '../core/time-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { DomainProofs } from '../ports/domain-proofs.ts'
import { noteChange, type NotingDeps } from './change-note.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface DomainDeps extends NotingDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly proofs: DomainProofs
  /** The platform's own: nobody claims these, what is below them or what is above them. */
  readonly ownNames: readonly string[]
}

interface Asking {
  readonly tenant: string
  readonly actor: Actor
}

interface Named extends Asking {
  /** By name or by id. */
  readonly domain: string
}

const CLAIM_MS = 7 * 24 * 60 * 60_000
const PROOF_MS = 10_000
const MOST_DOMAINS = 50
const PROOF_PATH = '/.well-known/cloudlet-verify'

export const domainService = (deps: DomainDeps) => ({
  ...readings(deps),
  claim: claiming(deps),
  verify: verifying(deps),
  delete: deleting(deps),
})
export type DomainService = ReturnType<typeof domainService>

const readings = ({ store, clock }: DomainDeps) => ({
  async list(slug: string): Promise<{ items: Domain[] }> {
    const tenant = await tenantBySlug(store.read, slug)
    const rows = await store.read.domains.list(tenant.id)
    return { items: rows.filter((row) => isLive(row, clock)).map(domainOf) }
  },

  async get(slug: string, nameOrId: string): Promise<Domain> {
    const tenant = await tenantBySlug(store.read, slug)
    return domainOf(await found(store.read, { tenant, nameOrId, clock }))
  },
})

function claiming(deps: DomainDeps) {
  const { store, clock, newId, ownNames } = deps
  return async (asking: Asking, { name, subdomains }: DomainClaim): Promise<Domain> => {
    if (ownNames.some((own) => isInDomain(name, own) || isInDomain(own, name))) {
      throw wrongField('#/name', `"${name}" is of the platform itself`)
    }
    return store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant, `Cannot claim domain "${name}"`)
      const now = clock.now().getTime()
      await q.domains.pruneLapsed(now)
      await refuseTaken(q, tenant, name)
      if ((await q.domains.countOf(tenant.id)) >= MOST_DOMAINS) throw tooMany()
      const row: DomainRow = {
        id: newId(),
        tenantId: tenant.id,
        name,
        subdomains: Number(subdomains),
        token: `${newId()}${newId()}`,
        proof: null,
        provedAt: null,
        expiresAt: now + CLAIM_MS,
        createdAt: now,
      }
      await q.domains.insert(row)
      const output = domainOf(row)
      await noted(deps, q, { asking, verb: 'claim', tenant, row, status: 201, output })
      return output
    })
  }
}

/** By whom is never said. Between two own claims there is nothing to keep apart. */
async function refuseTaken(q: Queries, { id }: TenantRow, name: string): Promise<void> {
  const near = await q.domains.near([name, ...namesAbove(name)])
  const inWay = near.find((row) => row.name === name) ?? near.find((row) => row.tenantId !== id)
  if (inWay === undefined) return
  const why =
    inWay.name === name ? 'it is taken' : 'a domain above or below it is taken by somebody else'
  throw failure('domain-taken', `Cannot claim domain "${name}": ${why}`, { domain: name })
}

function verifying(deps: DomainDeps) {
  const { store, clock } = deps
  return async (asking: Named): Promise<Domain> => {
    const at = { nameOrId: asking.domain, clock }
    const tenant = await tenantBySlug(store.read, asking.tenant)
    const row = await found(store.read, { tenant, ...at })
    if (row.provedAt !== null) return domainOf(row)
    const proof = await shownProof(deps, row)
    if (proof === null) {
      const { dns, http } = domainOf(row)
      const message =
        `Cannot prove domain "${row.name}": there is neither a TXT record "${dns.name}" of ` +
        `"${dns.value}", nor does "${http.url}" answer "${http.value}"`
      throw failure('domain-unproved', message, { domain: row.name, dns, http })
    }
    return store.writeFor(asking.tenant, async (q) => {
      const tenantNow = await tenantToFill(q, asking.tenant, `Cannot prove domain "${row.name}"`)
      // Meanwhile it may have lapsed, and be another's.
      const rowNow = await found(q, { tenant: tenantNow, nameOrId: row.id, clock })
      const change = { proof, provedAt: clock.now().getTime(), expiresAt: null }
      await q.domains.prove(rowNow.id, change)
      const proved = { ...rowNow, ...change }
      const output = domainOf(proved)
      const note = { asking, verb: 'verify', tenant: tenantNow, row: proved, status: 200 } as const
      await noted(deps, q, { ...note, output })
      return output
    })
  }
}

async function shownProof({ proofs }: DomainDeps, row: DomainRow): Promise<DomainRow['proof']> {
  const { dns, http } = domainOf(row)
  const signal = AbortSignal.timeout(PROOF_MS)
  const [texts, page] = await Promise.all([
    proofs.texts(dns.name, signal),
    proofs.page(row.name, PROOF_PATH, signal),
  ])
  if (texts.includes(dns.value)) return 'dns'
  return page === http.value ? 'http' : null
}

function deleting(deps: DomainDeps) {
  const { store } = deps
  /** What is not there, another's and gone already are all answered the same. */
  return async (asking: Named): Promise<null> =>
    store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asking.tenant)
      const row = await q.domains.find(tenant.id, asking.domain)
      if (row) {
        await refuseUsed(q, row)
        await q.domains.remove(row.id)
      }
      await noted(deps, q, { asking, verb: 'delete', tenant, row, status: 204, output: null })
      return null
    })
}

/** A route is never left with a host that is nobody's. */
async function refuseUsed(q: Queries, row: DomainRow): Promise<void> {
  const others = (await q.domains.list(row.tenantId)).filter(
    ({ id, provedAt }) => id !== row.id && provedAt !== null,
  )
  const isLost = (host: string): boolean =>
    covers(row, host) && !others.some((one) => covers(one, host))
  const users = (await q.routes.list(row.tenantId))
    .filter((route) => specOf(route).hosts.some(isLost))
    .map(({ name }) => `"${name}"`)
  if (users.length === 0) return
  const { name } = row
  const message = `Cannot delete domain "${name}": it is used by ${users.slice(0, 5).join(', ')}`
  throw failure('state-conflict', message, { kind: 'domain', name, state: 'used' })
}

const isLive = ({ expiresAt }: DomainRow, clock: Clock): boolean =>
  expiresAt === null || expiresAt > clock.now().getTime()

interface Found {
  readonly tenant: TenantRow
  readonly nameOrId: string
  readonly clock: Clock
}

async function found(q: Queries, { tenant, nameOrId, clock }: Found): Promise<DomainRow> {
  const row = await q.domains.find(tenant.id, nameOrId)
  if (row && isLive(row, clock)) return row
  throw notFound('domain', nameOrId)
}

const tooMany = () =>
  failure('too-many-domains', `There are ${MOST_DOMAINS} domains already, which is the most`, {
    most: MOST_DOMAINS,
  })

const domainOf = (row: DomainRow): Domain => ({
  id: row.id,
  name: row.name,
  subdomains: row.subdomains === 1,
  state: row.provedAt === null ? 'claimed' : 'proved',
  proof: row.proof,
  dns: { name: `_cloudlet.${row.name}`, value: `cloudlet-verify=${row.token}` },
  http: { url: `http://${row.name}${PROOF_PATH}`, value: row.token },
  createdAt: new Date(row.createdAt).toISOString(),
  provedAt: timeText(row.provedAt),
  expiresAt: timeText(row.expiresAt),
})

interface Note {
  readonly asking: Asking & { readonly domain?: string }
  readonly verb: 'claim' | 'delete' | 'verify'
  readonly tenant: TenantRow
  /** Undefined: there was nothing to delete. */
  readonly row: DomainRow | undefined
  readonly status: number
  readonly output: unknown
}

const DONE = { claim: 'claimed', verify: 'proved', delete: 'given up' } as const
const EVENTS = {
  claim: 'domain.claimed',
  verify: 'domain.proved',
  delete: 'domain.deleted',
} as const

const noted = (
  deps: DomainDeps,
  q: Queries,
  { asking, verb, tenant, row, status, output }: Note,
): Promise<void> =>
  noteChange(deps, q, {
    actor: asking.actor,
    tenant,
    action: `domains.${verb}`,
    target: `domain/${row?.id ?? asking.domain ?? ''}`,
    status,
    output,
    event: row && {
      action: EVENTS[verb],
      target: { kind: 'domain', id: row.id, name: row.name },
      message: `Domain "${row.name}" was ${DONE[verb]}`,
    },
  })
