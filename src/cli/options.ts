import type { Options } from './arguments.ts'
import { LIMIT_OPTIONS } from './limits.ts'

export const TIMEOUT = {
  timeout: {
    type: 'string',
    value: 'time',
    summary: 'Wait at most so long, e.g. 90s; default 10m',
  },
} as const satisfies Options

export const FORCE = {
  force: { type: 'boolean', short: 'f', summary: 'Stop a running container first' },
} as const satisfies Options

export const FORWARD_OPTIONS = {
  udp: { type: 'boolean', summary: 'Datagrams instead of connections' },
  address: { type: 'string', value: 'ip', summary: 'Listen there; default 127.0.0.1' },
  ingress: {
    type: 'string',
    value: 'host:port',
    summary: 'Where the ingress is for this machine; default: where the platform says',
  },
} as const satisfies Options

export const YES = {
  yes: { type: 'boolean', short: 'y', summary: 'Do not ask' },
} as const satisfies Options

export const GC_OPTIONS = {
  'dry-run': { type: 'boolean', summary: 'Only show what would be removed' },
  'release-brake': { type: 'boolean', summary: 'Remove it although it is so much' },
} as const satisfies Options

export const LIMIT = {
  limit: { type: 'string', short: 'n', value: 'number', summary: 'At most so many; default 100' },
} as const satisfies Options

export const PLATFORM = {
  admin: { type: 'boolean', summary: "The platform's own, not the tenant's" },
} as const satisfies Options

export const OPERATION_OPTIONS = {
  ...LIMIT,
  ...PLATFORM,
  state: { type: 'string', value: 'state', summary: 'Only those in this state' },
  kind: { type: 'string', value: 'kind', summary: 'With --admin: e.g. tenants.delete' },
} as const satisfies Options

export const SUSPEND_OPTIONS = {
  reason: { type: 'string', value: 'text', summary: 'Shown to who is refused something for it' },
  ...TIMEOUT,
} as const satisfies Options

export const TENANT_DELETE_OPTIONS = {
  cascade: { type: 'boolean', summary: 'Its containers go with it, whatever they do' },
  'dry-run': { type: 'boolean', summary: 'Only show what would go' },
  ...TIMEOUT,
} as const satisfies Options

const SIZE_OPTIONS = {
  memory: { type: 'string', short: 'm', value: 'size', summary: 'Memory, e.g. 256m or 1g' },
  cpu: { type: 'string', value: 'cpus', summary: 'CPUs, e.g. 500m or 0.5' },
  'cpu-shares': { type: 'string', value: 'number', summary: 'Weight; 1024 is that of one CPU' },
  pids: { type: 'string', value: 'number', summary: 'Most processes and threads' },
  'bandwidth-in': {
    type: 'string',
    value: 'rate',
    summary: 'What it may receive in a second, e.g. 20mbit; none: no limit',
  },
  'bandwidth-out': { type: 'string', value: 'rate', summary: 'What it may send in a second' },
} as const satisfies Options

export const RESIZE_OPTIONS = { ...SIZE_OPTIONS, ...TIMEOUT } as const satisfies Options

export const RUN_OPTIONS = {
  name: { type: 'string', value: 'name', summary: 'Default: made up from the image' },
  env: { type: 'string', short: 'e', multiple: true, value: 'KEY=VALUE', summary: 'Environment' },
  secret: {
    type: 'string',
    multiple: true,
    value: 'name[@version][:file]',
    summary: 'Secret as a file below /run/secrets',
  },
  'secret-env': {
    type: 'string',
    multiple: true,
    value: 'KEY=name[@version]',
    summary: 'Secret as a variable',
  },
  network: {
    type: 'string',
    multiple: true,
    value: 'name[=address]',
    summary: 'Network that it is in; the first has the default route',
  },
  firewall: {
    type: 'string',
    multiple: true,
    value: 'name',
    summary: 'Firewall that it carries',
  },
  port: {
    type: 'string',
    short: 'p',
    multiple: true,
    value: 'port[/udp|/h2c]',
    summary: "Port it listens on; the first TCP port is the app's; h2c: HTTP/2, as gRPC",
  },
  ...SIZE_OPTIONS,
  label: { type: 'string', short: 'l', multiple: true, value: 'key=value', summary: 'Label' },
  user: { type: 'string', short: 'u', value: 'user[:group]', summary: 'Run as this user' },
  workdir: { type: 'string', short: 'w', value: 'path', summary: 'Run in this folder' },
  entrypoint: { type: 'string', value: 'program', summary: "Instead of the image's entrypoint" },
  restart: { type: 'string', value: 'when', summary: 'no, on-failure (default) or always' },
  publish: { type: 'boolean', short: 'P', summary: 'Publish the TCP ports on 127.0.0.1' },
  policy: { type: 'string', value: 'policy', summary: 'baseline or restricted' },
  health: {
    type: 'string',
    value: 'check',
    summary: 'http:/path, http:8080/path, tcp, tcp:8080 or none',
  },
  'stop-signal': { type: 'string', value: 'signal', summary: 'Default: SIGTERM' },
  'stop-timeout': { type: 'string', value: 'time', summary: 'Before it is killed; default 10s' },
  start: { type: 'boolean', summary: '--no-start creates it stopped' },
  detach: { type: 'boolean', short: 'd', summary: 'Do not wait until it runs' },
  ...TIMEOUT,
} as const satisfies Options

export const CONTAINER_OPTIONS = {
  state: { type: 'string', value: 'state', summary: 'Only those in this state' },
  label: {
    type: 'string',
    short: 'l',
    value: 'key[=value]',
    summary: 'Only those with this label',
  },
  quiet: { type: 'boolean', short: 'q', summary: 'Only the ids' },
} as const satisfies Options

export const LOG_OPTIONS = {
  follow: { type: 'boolean', short: 'f', summary: 'Go on with what comes' },
  tail: { type: 'string', short: 'n', value: 'lines', summary: 'Only the last lines' },
  since: { type: 'string', value: 'time', summary: 'Since a time ago, e.g. 10m, or a moment' },
  stream: { type: 'string', value: 'stream', summary: 'stdout, stderr or all (default)' },
  timestamps: { type: 'boolean', short: 't', summary: 'Show when each line was written' },
} as const satisfies Options

export const EVENT_OPTIONS = {
  ...PLATFORM,
  follow: { type: 'boolean', short: 'f', summary: 'Go on with what comes' },
  limit: { type: 'string', short: 'n', value: 'number', summary: 'At most so many; default 100' },
  since: { type: 'string', value: 'seq', summary: 'Only those after this one' },
  level: { type: 'string', value: 'level', summary: 'info, warning or error: these and worse' },
  action: { type: 'string', value: 'text', summary: 'Beginning of the action, e.g. container.' },
  target: { type: 'string', value: 'name', summary: 'Name or id of what it is about' },
} as const satisfies Options

export const LOGIN_OPTIONS = {
  'access-key-id': { type: 'string', value: 'id', summary: 'The key; its secret is asked for' },
  'key-version': { type: 'string', value: 'number', summary: 'Of a rotated key; default 1' },
  oidc: { type: 'boolean', summary: 'Sign in as a person, in the browser' },
  'api-key': { type: 'boolean', summary: 'Ask for an API key instead of a secret' },
  ca: { type: 'string', value: 'file', summary: 'Authority to trust for it: see cloudlet trust' },
  'admin-file': { type: 'string', value: 'path', summary: "The admin.json of a platform's data" },
} as const satisfies Options

export const REGISTRY_OPTIONS = {
  username: { type: 'string', short: 'u', value: 'name', summary: 'Asked for when missing' },
} as const satisfies Options

export const TENANT_OPTIONS: Options = {
  ...LIMIT_OPTIONS,
  policy: { type: 'string', value: 'policy', summary: 'baseline or restricted' },
}

export const KEY_OPTIONS = {
  ...PLATFORM,
  role: { type: 'string', value: 'role', summary: 'admin, operator, member (default) or read' },
  description: { type: 'string', value: 'text', summary: 'What the key is for' },
  action: {
    type: 'string',
    multiple: true,
    value: 'action',
    summary: 'Only this permission or endpoint, e.g. containers.restart',
  },
  on: {
    type: 'string',
    multiple: true,
    value: 'kind:name',
    summary: 'Only on this resource, e.g. container:web',
  },
  expires: { type: 'string', value: 'time', summary: 'Valid for so long, e.g. 30d; default: ever' },
} as const satisfies Options

export const INVITE_OPTIONS = {
  ...PLATFORM,
  role: { type: 'string', value: 'role', summary: 'admin, operator, member (default) or read' },
} as const satisfies Options

export const USER_OPTIONS = {
  ...PLATFORM,
  role: { type: 'string', value: 'role', summary: 'admin, operator, member or read' },
  disable: { type: 'boolean', summary: 'Sign the person out, and keep them out' },
  enable: { type: 'boolean', summary: 'Let the person in again' },
} as const satisfies Options

export const ROTATE_OPTIONS = {
  ...PLATFORM,
  grace: { type: 'string', value: 'time', summary: 'The old secret is good for so long, e.g. 1h' },
} as const satisfies Options

export const TOKEN_OPTIONS = {
  ...PLATFORM,
  expires: { type: 'string', value: 'time', summary: 'Valid for so long, e.g. 30d; default: ever' },
  scope: { type: 'string', multiple: true, value: 'permission', summary: 'Only this permission' },
} as const satisfies Options

export const AUDIT_OPTIONS = {
  ...LIMIT,
  ...PLATFORM,
  since: { type: 'string', value: 'time', summary: 'Since a time ago, e.g. 2h, or a moment' },
  until: { type: 'string', value: 'time', summary: 'Until a time ago, or a moment' },
  action: { type: 'string', value: 'action', summary: 'Only this, e.g. containers.create' },
  result: { type: 'string', value: 'result', summary: 'accepted, or the code of a failure' },
  actor: { type: 'string', value: 'actor', summary: 'Only of this one, e.g. key:<id>' },
} as const satisfies Options

export const CHAIN_OPTIONS = {
  ...PLATFORM,
  chain: { type: 'string', value: 'id', summary: 'That of a tenant by id, also when it is gone' },
} as const satisfies Options

export const VERIFY_OPTIONS = {
  head: {
    type: 'string',
    value: 'seq:mac',
    summary: 'A head from the log that must still be there',
  },
  file: { type: 'string', value: 'path', summary: 'Verify what was exported into this file' },
} as const satisfies Options

export const SECRET_OPTIONS = {
  file: { type: 'string', value: 'path', summary: 'Take the value from this file, byte for byte' },
} as const satisfies Options
