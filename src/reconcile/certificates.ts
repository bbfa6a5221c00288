import type { CertificateRow } from '../../db/queries/certificates.ts'
import type { ApiFront } from '../../proxy/core/api-front.ts'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import { coalesced } from '../core/coalesced.ts'
import { DAY_MS, dayOf } from '../core/days.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { TlsEdge } from '../ports/tls-edge.ts'
import { AUTHORITY, certificateIssuing, type IssuingDeps } from './certificate-issuing.ts'

export interface CertificateDeps extends Omit<IssuingDeps, 'apiHost'> {
  readonly keyRing: Pick<KeyRing, 'current' | 'mac' | 'open' | 'seal'>
  readonly edge: TlsEdge
  /** Absent: the ingress serves no API. */
  readonly api?: ApiFront | undefined
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
    const all = slugs.join(' ')
    const nowMs = clock.now().getTime()
    if (settled.slugs === all && nowMs < settled.untilMs) return
    settled = { slugs: all, untilMs: nowMs + RETRY_MS }
    await issuing.renew(slugs)
    await tell()
    settled = { slugs: all, untilMs: (today() + 1) * DAY_MS }
  }

  async function tell(): Promise<void> {
    const rows = await store.read.certificates.all()
    const leaves = rows.filter(({ subject }) => subject !== AUTHORITY)
    const certificates = leaves.map((row) => ({
      names: namesIn(row),
      chain: row.certificate,
      key: issuing.keyOf(row),
    }))
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

  return {
    /** Makes what is missing or grows old, and tells the edge if anything has changed. */
    keep: coalesced(keep),
    /** The authority's own certificate, PEM, for the trust store of whoever calls apps by TLS. */
    authority: async (): Promise<string> => (await issuing.signer()).certificate,
  }
}

function namesIn({ namesJson }: CertificateRow): string[] {
  const names: unknown = JSON.parse(namesJson)
  return Array.isArray(names) ? names.map(String) : []
}

function macOf(ring: Pick<KeyRing, 'current' | 'mac'>, which: string, day: number): Buffer {
  return Buffer.from(ring.mac(ring.current, `tls tickets ${which}`, String(day)) ?? '', 'base64url')
}
