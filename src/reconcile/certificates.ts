import type { ApiFront } from '../../proxy/core/api-front.ts'
import type { HostCertificate, TlsSettings } from '../../proxy/core/server-names.ts'
import { namesIn } from '../core/certificate-names.ts'
import { coalesced } from '../core/coalesced.ts'
import type { CustomHost } from '../core/custom-host.ts'
import { DAY_MS, dayOf } from '../core/days.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { TlsEdge } from '../ports/tls-edge.ts'
import { AUTHORITY, certificateIssuing, type IssuingDeps } from './certificate-issuing.ts'
import { publicKeyOf } from './public-orders.ts'
import { broughtCertificates } from './tenant-certificates.ts'

export interface CertificateDeps extends Omit<IssuingDeps, 'apiHost'> {
  readonly keyRing: Pick<KeyRing, 'current' | 'mac' | 'open' | 'seal'>
  readonly edge: TlsEdge
  /** Absent: the ingress serves no API. */
  readonly api?: ApiFront | undefined
  /** Hosts that are not of the platform's domains; those of the API are known by itself. */
  readonly customHosts: () => Promise<readonly CustomHost[]>
}

const TICKET_KEY_BYTES = 48
/** What fails is not tried again with each change. */
const RETRY_MS = 30_000

/**
 * Certificates of the platform's own authority: one a tenant, for all of its apps, so that an app that is
 * new needs none, and what a browser learns of a tenant names no other. They are made when a tenant comes,
 * renewed while they are good, and gone with the tenant.
 */
export function certificateKeeper(deps: CertificateDeps) {
  const { store, keyRing, edge, clock, api } = deps
  const issuing = certificateIssuing({ ...deps, apiHost: api?.host })
  let told = ''
  /** For these tenants and until then nothing is due. */
  let settled = { slugs: '', untilMs: 0 }

  const today = (): number => dayOf(clock.now().getTime())

  async function keep(): Promise<void> {
    const slugs = await store.read.tenants.liveSlugs()
    const custom = await deps.customHosts()
    const hosts = custom.map(({ host }) => host)
    const proved = (await store.read.domains.proved()).map(({ id }) => id)
    const all = [...slugs, ...hosts, ...proved].join(' ')
    const nowMs = clock.now().getTime()
    if (settled.slugs === all && nowMs < settled.untilMs) return
    settled = { slugs: all, untilMs: nowMs + RETRY_MS }
    await issuing.renew(slugs, hosts)
    await tell(custom)
    settled = { slugs: all, untilMs: (today() + 1) * DAY_MS }
  }

  async function tell(custom: readonly CustomHost[]): Promise<void> {
    const rows = await store.read.certificates.all()
    const leaves = rows.filter(({ subject }) => subject !== AUTHORITY)
    const own = leaves.map((row) => ({
      names: namesIn(row),
      chain: row.certificate,
      key: issuing.keyOf(row),
    }))
    // Of two for one name the later one counts.
    const byOthers = await publicOnes(
      deps,
      custom.map(({ host }) => host),
    )
    const certificates = [...own, ...byOthers, ...(await broughtCertificates(deps, custom))]
    const settings: TlsSettings = {
      certificates,
      ticketKeys: ticketKeys(),
      ...(api !== undefined && { api }),
    }
    const text = JSON.stringify(settings)
    if (text === told) return
    told = text
    edge.secure(settings)
  }

  /** Of the day: a session is good for hours, and a key that is found out opens a day's at most. */
  function ticketKeys(): string {
    const both = Buffer.concat(['a', 'b'].map((which) => macOf(keyRing, which, today())))
    return both.subarray(0, TICKET_KEY_BYTES).toString('base64url')
  }

  const kept = coalesced(keep)
  return {
    /** Makes what is missing or grows old, and tells the edge if anything has changed. */
    keep: kept,
    /** There are certificates that it has not made itself. */
    async changed(): Promise<void> {
      settled = { slugs: '', untilMs: 0 }
      await kept()
    },
    /** The authority's own certificate, PEM, for the trust store of whoever calls apps by TLS. */
    authority: async (): Promise<string> => (await issuing.signer()).certificate,
  }
}

/** What public authorities have issued for hosts that are served, as long as it is good. */
async function publicOnes(
  { store, keyRing, clock, api }: CertificateDeps,
  hosts: readonly string[],
): Promise<HostCertificate[]> {
  const served = new Set(api === undefined ? hosts : [...hosts, api.host])
  const nowMs = clock.now().getTime()
  const rows = await store.read.publicCertificates.all()
  const good = rows.filter((row) => served.has(row.host) && nowMs < (row.notAfter ?? 0))
  return good.map((row) => ({
    names: [row.host],
    chain: row.certificate ?? '',
    key: publicKeyOf(keyRing, row),
  }))
}

function macOf(ring: Pick<KeyRing, 'current' | 'mac'>, which: string, day: number): Buffer {
  return Buffer.from(ring.mac(ring.current, `tls tickets ${which}`, String(day)) ?? '', 'base64url')
}
