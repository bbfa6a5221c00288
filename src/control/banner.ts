import { join } from 'node:path'
import type { NewAccessKey } from '../contract/keys.ts'
import type { SafeMode } from '../contract/safe-mode.ts'
import { hostPort, placesIn, type Instance } from '../instance.ts'

export interface BannerFacts {
  readonly instance: Instance
  readonly endpoint: string
  /** Under which it is called from elsewhere; the same where that is nowhere. */
  readonly publicEndpoint: string
  /** Only at the first start. */
  readonly admin: NewAccessKey | undefined
  readonly demoUrl: string | null
  readonly safeMode: SafeMode | null
  readonly env: Readonly<Record<string, string | undefined>>
}

const BIN = join(import.meta.dirname, '../../bin')

/** What the user sees when all is up: where it answers, and what to type next. */
export function banner({
  instance,
  endpoint,
  publicEndpoint,
  admin,
  demoUrl,
  ...rest
}: BannerFacts): string {
  const { safeMode, env } = rest
  const lines = [
    '',
    'Cloudlet is ready.',
    '',
    ...(demoUrl === null ? [] : [`  Demo      ${demoUrl}`]),
    `  API       ${endpoint}  (reference: ${endpoint}/docs)`,
    ...(publicEndpoint === endpoint ? [] : [`            ${publicEndpoint}  (from elsewhere)`]),
    `  Ingress   ${instance.ingressAddress}`,
    `  HTTPS     ${instance.httpsAddress}  (trust it: cloudlet trust --help)`,
    `  DNS       ${instance.dnsAddress}`,
    ...(admin ? adminLines(admin, instance) : []),
    ...(instance.isolated ? [] : ['', UNISOLATED]),
    ...(safeMode ? ['', safeModeLine(safeMode)] : []),
    ...(env['SSH_CONNECTION'] ? ['', ...tunnel(instance, env['SSH_CONNECTION'])] : []),
    '',
    'Next, in another shell:',
    `  export PATH=${BIN}:$PATH`,
    ...nextCommands(demoUrl),
    '',
    'Ctrl-C stops the platform; containers keep running, and `npm start` brings it back.',
  ]
  return lines.join('\n')
}

const UNISOLATED =
  'isolated: false, enforced: false. Without root there is one tenant, and no walls: only for trying it out.'

const safeModeLine = ({ reason }: SafeMode): string =>
  `In safe mode (${reason}): see cloudlet gc --dry-run, then cloudlet platform leave-safe-mode`

const nextCommands = (demoUrl: string | null): string[] =>
  demoUrl === null
    ? [
        '  cloudlet tenant create acme',
        '  cloudlet run cloudlet/demo:latest --name web --tenant acme',
        '  cloudlet ps --tenant acme',
      ]
    : [
        '  cloudlet ps',
        '  cloudlet logs -f hello',
        '  cloudlet run cloudlet/demo:latest --name web',
      ]

const adminLines = ({ id, secretKey }: NewAccessKey, { dataDir }: Instance): string[] => [
  '',
  "The admin's access key, shown this once:",
  `  access key id  ${id}`,
  `  secret key     ${secretKey}`,
  `  It is also in ${placesIn(dataDir).adminFile}, and the command line is signed in with it.`,
]

/** The second address of SSH_CONNECTION is the one the user has reached this host by (ssh(1)). */
function tunnel({ ingressAddress, apiAddress }: Instance, connection: string): string[] {
  const [, , host = 'this-host'] = connection.split(' ')
  const ports = [ingressAddress, apiAddress].map((address) => hostPort(address).port)
  const [ingress = 80, api = 7070] = ports
  const local = ingress < 1024 ? 8000 + ingress : ingress
  return [
    'From your own machine:',
    `  ssh -L ${local}:127.0.0.1:${ingress} -L ${api}:127.0.0.1:${api} root@${host}`,
    `  then open http://hello.demo.localhost:${local}/`,
  ]
}
