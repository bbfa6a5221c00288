import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { InTenant, Name, Timestamp } from './names.ts'

/** All that is shown of one: no answer of the API has a private key in it. */
export const Certificate = z
  .object({
    name: Name,
    names: z.array(z.string()).describe('Hosts it stands for, wildcards among them'),
    issuer: z.string(),
    sha256: z.string().describe('Fingerprint of its first certificate'),
    validFrom: Timestamp,
    validUntil: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Certificate' })
export type Certificate = z.infer<typeof Certificate>

export const CertificatePut = z
  .strictObject({
    chain: z
      .string()
      .max(64 * 1024)
      .describe("PEM: the host's own first, then each that has signed the one before"),
    key: z
      .string()
      .max(16 * 1024)
      .describe('PEM, without a passphrase; it is sealed and never shown'),
  })
  .meta({ id: 'CertificatePut' })
export type CertificatePut = z.infer<typeof CertificatePut>

const CERTIFICATES = '/v1/tenants/{tenant}/certificates'
const CERTIFICATE = `${CERTIFICATES}/{certificate}` as const
const InCertificate = InTenant.extend({ certificate: Name })
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer', status: 200 } as const

export const putCertificate = endpoint({
  ...WRITING,
  id: 'certificates.put',
  method: 'put',
  path: CERTIFICATE,
  summary: "Serve hosts of the tenant with a certificate of its own, in place of the platform's",
  params: InCertificate,
  body: CertificatePut,
  response: Certificate,
  failures: ['not-found', 'state-conflict'],
})

export const listCertificates = endpoint({
  ...READING,
  id: 'certificates.list',
  method: 'get',
  path: CERTIFICATES,
  summary: 'List the certificates that the tenant has brought, by name; never a key',
  params: InTenant,
  response: z.object({ items: z.array(Certificate) }),
  failures: ['not-found'],
})

export const getCertificate = endpoint({
  ...READING,
  id: 'certificates.get',
  method: 'get',
  path: CERTIFICATE,
  summary: 'Show a certificate that the tenant has brought; never its key',
  params: InCertificate,
  response: Certificate,
  failures: ['not-found'],
})

export const deleteCertificate = endpoint({
  ...WRITING,
  id: 'certificates.delete',
  method: 'delete',
  path: CERTIFICATE,
  summary: "Delete a certificate; its hosts are served with the platform's own again",
  params: InCertificate,
  response: Certificate,
  failures: ['not-found'],
})
