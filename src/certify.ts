import { text } from 'node:stream/consumers'
import type { CertificateOrder } from './adapters/certificate-process.ts'
import { x509Authority } from './adapters/x509-authority.ts'

/** Makes the certificates that are ordered on its input, and prints them with their keys. */

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the control plane alone
const order = JSON.parse(await text(process.stdin)) as CertificateOrder
const authority = x509Authority()
const made =
  'create' in order
    ? [await authority.create(order.create, order.at)]
    : await authority.issue(order.authority, order.hosts, order.at)
process.stdout.write(JSON.stringify(made))
