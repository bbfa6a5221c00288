import { text } from 'node:stream/consumers'
import type { AcmeOrder } from './adapters/acme-process.ts'
import type { CertificateOrder } from './adapters/certificate-process.ts'

/** Makes the certificates that are ordered on its input, or gets them, and prints them with their keys. */

async function made(order: CertificateOrder): Promise<unknown> {
  const authority = (await import('./adapters/x509-authority.ts')).x509Authority()
  return 'create' in order
    ? [await authority.create(order.create, order.at)]
    : authority.issue(order.authority, order.hosts, order.at)
}

async function got({ acme, account, begin, advance }: AcmeOrder): Promise<unknown> {
  const authority = (await import('./adapters/acme-authority.ts')).acmeAuthority(acme)
  if (begin) return authority.begin(account, begin)
  if (advance) return authority.advance(account, advance)
  return authority.newAccount()
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the control plane alone
const order = JSON.parse(await text(process.stdin)) as AcmeOrder | CertificateOrder
process.stdout.write(JSON.stringify(await ('acme' in order ? got(order) : made(order))))
