export interface WrongValues {
  readonly threat: string
  readonly what: string
  /** A field that bodies of ours have, and values that none may have. */
  readonly field: string
  readonly values: readonly unknown[]
  /** What else has to be said for the value to be wrong. */
  readonly along?: Readonly<Record<string, unknown>>
}

const NUMBERS = [-1, -0.5, 1.5, NaN, Infinity, 1e300, '5', '0x10', null, [], true, 2 ** 53 + 2]

export const WRONG: readonly WrongValues[] = [
  {
    threat: 'A09',
    what: 'exceptions',
    field: 'exceptions',
    values: [
      ['capability:SYS_ADMIN'],
      ['capability:net_raw'],
      ['CAP_NET_RAW'],
      ['device:/dev/sda'],
      ['large-shm', 'large-shm'],
      'all',
    ],
  },
  {
    threat: 'A09',
    what: 'exceptions that were not granted',
    field: 'exceptions',
    values: [['capability:NET_RAW'], ['writable-root']],
    along: { name: 'hostile' },
  },
  {
    threat: 'A14',
    what: 'runtimes',
    field: 'runtime',
    values: ['runsc', 'io.containerd.runc.v2', '/bin/sh', '', null, 'SANDBOXED'],
  },
  { threat: 'A16', what: 'processes', field: 'pids', values: [0, 2 ** 31, ...NUMBERS] },
  { threat: 'A16', what: 'memory', field: 'memoryBytes', values: [0, 1, 2 ** 60, ...NUMBERS] },
  { threat: 'A16', what: 'CPU', field: 'cpuMilli', values: [0, 2 ** 31, ...NUMBERS] },
  { threat: 'A16', what: 'weight', field: 'cpuShares', values: [0, 1, 2 ** 31, ...NUMBERS] },
  {
    threat: 'A20',
    what: 'names',
    field: 'name',
    values: ['', '.', '..', 'a/b', 'A', 'x'.repeat(64), 'a\u0000', 'localhost', 'api', '-a', 7],
  },
  {
    threat: 'A21',
    what: 'ports',
    field: 'ports',
    values: [
      [{ port: 0 }],
      [{ port: 65_536 }],
      [{ port: 80, hostPort: 80 }],
      [{ port: 80, HostIp: '0.0.0.0' }],
      [{ port: 80, protocol: 'sctp' }],
      Array.from({ length: 33 }, (_, i) => ({ port: i + 1 })),
    ],
  },
  { threat: 'A21', what: 'publishing', field: 'publish', values: ['0.0.0.0', 1, null, {}] },
  {
    threat: 'A24',
    what: 'images by their ids',
    field: 'image',
    values: [
      `sha256:${'0'.repeat(64)}`,
      '0'.repeat(64),
      `x@sha256:${'0'.repeat(63)}`,
      'sha256:abc',
    ],
  },
  {
    threat: 'A24',
    what: 'what is no image',
    field: 'image',
    values: [
      '',
      '-',
      'UPPER',
      'a//b',
      'a:b:c',
      '../x',
      '/x',
      'x@',
      'http://x/y',
      'x y',
      'x\n',
      7,
      null,
    ],
  },
  {
    threat: 'A25',
    what: 'registries inside',
    field: 'image',
    values: [
      '127.0.0.1:2375/x',
      'localhost:5000/x',
      'localhost/x',
      '169.254.169.254/x',
      '10.208.0.1/x',
      '172.17.0.1:80/x',
      '2130706433:80/x',
      '0x7f.1/x',
      '127.1:80/x',
      '[::1]:80/x',
      '0.0.0.0:80/x',
    ],
  },
  {
    threat: 'A27',
    what: 'checks',
    field: 'healthCheck',
    values: [
      { type: 'exec' },
      { type: 'http', command: ['x'] },
      { type: 'tcp', port: 1, intervalSeconds: 0 },
      { type: 'tcp', port: 1, intervalSeconds: 0.001 },
      { type: 'tcp', port: 1, timeoutSeconds: 1e9 },
      { type: 'tcp', port: 1, retries: 1e9 },
      { type: 'http', path: 'http://169.254.169.254/' },
      { type: 'http', path: '/ HTTP/1.1\r\nx: y' },
    ],
  },
  {
    threat: 'A28',
    what: 'time to stop',
    field: 'stopTimeoutSeconds',
    values: [1e9, -1, '10', 0.5],
  },
  {
    threat: 'A28',
    what: 'stop signals',
    field: 'stopSignal',
    values: ['SIGFOO', '9', 9, 'KILL', 'SIGSTOP', ''],
  },
  {
    threat: 'A28',
    what: 'restarts',
    field: 'restart',
    values: ['unless-stopped', 'on-failure:5', { Name: 'always' }, ''],
  },
  {
    threat: 'A29',
    what: 'environments',
    field: 'env',
    values: [
      { 'A=B': 'x' },
      { '': 'x' },
      { A: 'x\u0000' },
      { A: 'x'.repeat(70_000) },
      { A: 1 },
      ['A=B'],
      Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`A${i}`, 'x'])),
    ],
  },
  {
    threat: 'A29',
    what: 'commands',
    field: 'command',
    values: [
      'sh -c x',
      [1],
      ['a\u0000'],
      Array.from({ length: 300 }, () => 'x'),
      ['x'.repeat(5000)],
    ],
  },
  {
    threat: 'A29',
    what: 'entrypoints',
    field: 'entrypoint',
    values: ['sh', [null], ['\u001b[2J'], ['x'.repeat(5000)]],
  },
  {
    threat: 'A29',
    what: 'folders',
    field: 'workingDir',
    values: ['relative', '', '/\u0000', `/${'x'.repeat(2000)}`],
  },
  {
    threat: 'B01',
    what: 'labels that are the platform’s',
    field: 'labels',
    values: [
      { 'cloudlet.tenant': 'victim' },
      { CLOUDLET: 'x' },
      { 'Cloudlet.id': 'x' },
      { 'cloudlet/x': '' },
      { 'cl\u00f6udlet': '' },
      { a: 'x\u0000' },
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])),
    ],
  },
  {
    threat: 'A30',
    what: 'users',
    field: 'user',
    values: ['a b', '1:2:3', 'x'.repeat(65), '$(id)', 0, ''],
  },
  {
    threat: 'A30',
    what: 'users that are root, or could be',
    field: 'user',
    values: ['0', '00', '0000:5', 'root', 'ROOT', '4294967296', '2147483648', 'nobody'],
    along: { policy: 'restricted' },
  },
  {
    threat: 'A31',
    what: 'policies',
    field: 'policy',
    values: ['privileged', 'none', '', null, 'BASELINE'],
  },
]
