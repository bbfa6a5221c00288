import type { Store } from '../../db/open.ts'
import type { TenantCertificateRow } from '../../db/queries/tenant-certificates.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Certificate, CertificatePut } from '../contract/certificates.ts'
import type { Actor } from '../core/actor.ts'
import { covered, namesIn, type Ground } from '../core/certificate-names.ts'
import { failure, notFound, wrongField } from '../core/failure.ts'
import type { CertificateFacts, CertificateReader } from '../ports/certificate-reader.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { broughtPurpose } from '../core/sealed-for.ts'
import type { AuditService } from './audit.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface CertificateServiceDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: Pick<AuditService, 'accepted'>
  readonly keyRing: Pick<KeyRing, 'seal'>
  readonly reader: CertificateReader
  /** Domains of the apps. */
  readonly domains: readonly string[]
  /** The edge has to be told. */
  readonly changed: () => void
}

interface Asked {
  readonly tenant: string
  readonly certificate: string
  readonly actor: Actor
}

const MOST_OF_TENANT = 100

/** Certificates that tenants bring themselves. */
export function certificateService(deps: CertificateServiceDeps) {
  const { store, clock, audit, keyRing, reader } = deps

  async function put(asked: Asked, body: CertificatePut): Promise<Certificate> {
    const { certificate: name, actor } = asked
    const facts = readable(reader, body)
    const answer = await store.writeFor(asked.tenant, async (q) => {
      const tenant = await tenantToFill(q, asked.tenant)
      const nowMs = clock.now().getTime()
      refuseUnfit(facts, nowMs)
      const claimed = await q.domains.list(tenant.id)
      refuseForeign(facts, tenant, { domains: deps.domains, claimed })
      const others = (await q.tenantCertificates.list(tenant.id)).filter((row) => row.name !== name)
      if (others.length >= MOST_OF_TENANT) throw tooMany(name)
      const row: TenantCertificateRow = {
        tenantId: tenant.id,
        name,
        namesJson: JSON.stringify(facts.names),
        certificate: body.chain,
        sealedKey: keyRing.seal(broughtPurpose(tenant.id, name), body.key),
        issuer: facts.issuer,
        sha256: facts.sha256,
        notBefore: facts.notBefore,
        notAfter: facts.notAfter,
        updatedAt: nowMs,
        warnedAt: null,
      }
      await q.tenantCertificates.put(row)
      const target = `certificate/${name}`
      await audit.accepted(q, actor, { action: 'certificates.put', tenant, target, status: 200 })
      return certificateOf(row)
    })
    deps.changed()
    return answer
  }

  async function remove(asked: Asked): Promise<Certificate> {
    const { certificate: name, actor } = asked
    const gone = await store.writeFor(asked.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asked.tenant)
      const row = await q.tenantCertificates.byName(tenant.id, name)
      if (!row) throw notFound('certificate', name)
      await q.tenantCertificates.remove(tenant.id, name)
      const said = { action: 'certificates.delete', tenant, target: `certificate/${name}` }
      await audit.accepted(q, actor, { ...said, status: 200 })
      return certificateOf(row)
    })
    deps.changed()
    return gone
  }

  return {
    put,
    delete: remove,

    async list(slug: string): Promise<{ items: Certificate[] }> {
      const tenant = await tenantBySlug(store.read, slug)
      return { items: (await store.read.tenantCertificates.list(tenant.id)).map(certificateOf) }
    },

    async get(slug: string, name: string): Promise<Certificate> {
      const tenant = await tenantBySlug(store.read, slug)
      const row = await store.read.tenantCertificates.byName(tenant.id, name)
      if (!row) throw notFound('certificate', name)
      return certificateOf(row)
    },
  }
}
export type CertificateService = ReturnType<typeof certificateService>

function readable(reader: CertificateReader, body: CertificatePut): CertificateFacts {
  const read = reader.read(body)
  if (read.kind === 'flaw') throw wrongField(`#/${read.field}`, read.detail)
  return read
}

function refuseUnfit({ notBefore, notAfter }: CertificateFacts, nowMs: number): void {
  if (nowMs >= notAfter) throw wrongField('#/chain', `it has ended at ${dateOf(notAfter)}`)
  if (nowMs < notBefore) throw wrongField('#/chain', `it begins at ${dateOf(notBefore)}`)
}

/** A certificate is a word on whose host it is, so nobody brings one for another's. */
function refuseForeign(
  { names }: CertificateFacts,
  tenant: TenantRow,
  ground: Omit<Ground, 'slug'>,
): void {
  const { foreign } = covered(names, { slug: tenant.slug, ...ground })
  const [first] = foreign
  if (first === undefined) return
  const advice = 'claim its domain and prove it, or leave it out'
  throw wrongField('#/chain', `"${first}" is no host of this tenant: ${advice}`)
}

const tooMany = (name: string) =>
  failure(
    'state-conflict',
    `Cannot keep certificate "${name}": the tenant has ${MOST_OF_TENANT} already`,
    { kind: 'certificate', name, state: 'full' },
  )

const dateOf = (ms: number): string => new Date(ms).toISOString()

function certificateOf(row: TenantCertificateRow): Certificate {
  const { name, issuer, sha256 } = row
  return {
    name,
    names: namesIn(row),
    issuer,
    sha256,
    validFrom: dateOf(row.notBefore),
    validUntil: dateOf(row.notAfter),
    updatedAt: dateOf(row.updatedAt),
  }
}
