import { HOST, get, lines } from '../../ingress/kit.ts'
import { pass, post, refusal } from '../case.ts'
import type { RequestCase } from '../case.ts'

/** These fields come in, and those go on to the member. */
function through(name: string, fields: readonly string[], kept: readonly string[]): RequestCase {
  return pass(name, get('/', ...fields), { asked: 'GET /', lines: kept, host: HOST })
}

const hop: readonly RequestCase[] = [
  'Connection: keep-alive',
  'Connection:',
  'Connection: ,',
  'Keep-Alive: timeout=5, max=9',
  'Proxy-Connection: keep-alive',
  'Proxy-Authenticate: Basic',
  'Proxy-Authorization: Basic eDp5',
  'Proxy-Anything: x',
  'TE: trailers',
  'TE: gzip, trailers',
  'Trailer: Expires',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Upgrade: TLS/1.0',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'keep-ALIVE: 5',
  'te: TRAILERS',
].map((field) =>
  through(`2b-01 ${field} is for one hop`, ['A: b', field, 'C: d'], ['A: b', 'C: d']),
)

const named: readonly RequestCase[] = [
  'X-Secret',
  'x-secret',
  'keep-alive, X-Secret',
  'X-Secret,keep-alive',
  ',, X-Secret ,',
  'X-Secret,\tA',
  ' \tX-SECRET\t ',
].map((options) =>
  through(
    `2b-01 Connection: ${JSON.stringify(options)} takes what it names along`,
    [`Connection: ${options}`, 'X-Secret: 1', 'X-Secret-Not: 2', 'x-secret: 3'],
    ['X-Secret-Not: 2'],
  ),
)

/** Whoever could have these removed would change what is asked, or who is. */
const protectedFields: readonly RequestCase[] = [
  ['Authorization: Basic eDp5'],
  ['Cookie: a=b'],
  ['Cookie: a=b', 'Cookie: c=d'],
  ['Via: 1.1 other'],
].map((fields) => {
  const name = fields[0]?.split(':')[0] ?? ''
  return through(
    `2b-01 Connection: ${name} leaves ${fields.join(' + ')}`,
    [...fields, `Connection: ${name}`],
    fields,
  )
})

const protectedFraming: readonly RequestCase[] = [
  'Content-Length',
  'Host',
  'Host, Content-Length, Expect',
  'X-Forwarded-For, X-Real-IP, X-Forwarded-Proto, X-Forwarded-Host, Forwarded, X-Request-Id, Via',
  'Connection',
  'Transfer-Encoding',
].map((options) =>
  pass(
    `2b-01 Connection: ${options} takes nothing along`,
    post([`Connection: ${options}`, 'Content-Length: 5'], 'hello'),
    { asked: 'POST /', content: 'hello', host: HOST, lines: [] },
  ),
)

const namedMore: readonly RequestCase[] = [
  pass(
    '2b-01 Connection: Transfer-Encoding leaves chunks chunks',
    post(
      ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
      '5\r\nhello\r\n0\r\n\r\n',
    ),
    { asked: 'POST /', content: 'hello', lines: [] },
  ),
  through(
    '2b-01 two Connections count together',
    ['Connection: A', 'Connection: B', 'A: 1', 'B: 2', 'C: 3'],
    ['C: 3'],
  ),
  through(
    '2b-01 a name with a byte that no name has names nothing',
    ['Connection: \xa0A', 'A: 1'],
    ['A: 1'],
  ),
  through('2b-01 a name in quotes names nothing', ['Connection: "A"', 'A: 1'], ['A: 1']),
  through('2b-01 a hundred names', [`Connection: ${'A,'.repeat(99)}A`, 'A: 1', 'B: 2'], ['B: 2']),
  refusal(
    '2b-01 more names than there may be fields',
    get('/', `Connection: ${'A,'.repeat(100)}A`),
  ),
  refusal('2b-01 nothing but commas', get('/', `Connection: ${','.repeat(9000)}`)),
]

const closing: readonly RequestCase[] = [
  ['Connection: close'],
  ['connection: CLOSE'],
  ['Connection: keep-alive, close'],
  ['Connection: close, keep-alive'],
  ['Connection: keep-alive', 'Connection: close'],
].map((fields) => ({
  name: `9.6 ${fields.join(' + ')} closes`,
  sent: get('/', ...fields),
  answers: [200],
  connection: 'closed',
  saw: [{ asked: 'GET /', lines: [] }],
}))

/** Only we say who asks: a claim of the client's own does not pass. */
const claims: readonly RequestCase[] = [
  'X-Forwarded-For: 192.0.2.1',
  'x-forwarded-for: 192.0.2.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: other',
  'X-Forwarded-Port: 443',
  'X-Forwarded-Prefix: /admin',
  'X-Forwarded-Server: a',
  'X-Forwarded-User: root',
  'X-Forwarded-Client-Cert: a',
  'X-FORWARDED-anything: a',
  'X-Forwarded-: a',
  'X-Real-IP: 192.0.2.1',
  'Forwarded: for=192.0.2.1;host=other;proto=https',
  'FORWARDED: for=192.0.2.1',
  'X-Request-Id: mine',
  'Proxy: http://192.0.2.1/',
  'proxy: http://192.0.2.1/',
  'X-Cloudlet-Tenant: other',
  'x-cloudlet-error: bad-request',
].map((field) =>
  through(`2b-02 ${field} is dropped`, ['A: b', field, field, 'C: d'], ['A: b', 'C: d']),
)

const likeClaims: readonly RequestCase[] = [
  'X-Forwarded: a',
  'X-Forward-For: 192.0.2.1',
  'Forwarded-For: 192.0.2.1',
  'X-Real-IP-2: 192.0.2.1',
  'XX-Real-IP: 192.0.2.1',
  'True-Client-IP: 192.0.2.1',
  'X-Cloudlet: a',
  'X-Proxy: a',
  'Origin: http://other',
  'Referer: http://other/',
  'User-Agent: proxy',
  'Accept-Encoding: gzip, br',
  'Range: bytes=0-1',
  'If-None-Match: "a"',
  'Content-Type: text/plain',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
  'Max-Forwards: 5',
  'Priority: u=1',
].map((field) => through(`2b-02 ${field} passes as it is`, [field], [field]))

const WEBSOCKET = ['Upgrade: websocket', 'Connection: Upgrade'] as const

/** No handshake, so an ordinary request: of an upgrade the member hears nothing. */
const noHandshakes: readonly RequestCase[] = [
  pass('2b-06 Upgrade without Connection', get('/', 'Upgrade: websocket'), {
    asked: 'GET /',
    lines: [],
  }),
  pass('2b-06 Connection without Upgrade', get('/', 'Connection: Upgrade'), {
    asked: 'GET /',
    lines: [],
  }),
  pass('2b-06 a handshake by POST', post(WEBSOCKET), { asked: 'POST /', lines: [] }),
  pass('2b-06 a handshake with a length', get('/', ...WEBSOCKET, 'Content-Length: 0'), {
    asked: 'GET /',
    lines: [],
  }),
  pass(
    '2b-06 a handshake in chunks',
    get('/', ...WEBSOCKET, 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    { asked: 'GET /', lines: [] },
  ),
  ...[
    'h2c',
    'h2',
    'websocket, h2c',
    'h2c, websocket',
    'websocket/13',
    'websocket,',
    'xwebsocket',
    '"websocket"',
    'websocket\xa0',
    '',
  ].map((protocol) =>
    through(
      `2b-06 Upgrade: ${JSON.stringify(protocol)}`,
      ['Connection: Upgrade', `Upgrade: ${protocol}`],
      [],
    ),
  ),
  through('2b-06 two Upgrades', [...WEBSOCKET, 'Upgrade: h2c'], []),
  through(
    '2b-06 h2c with its settings',
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: A'],
    [],
  ),
  {
    name: '2b-06 a handshake in HTTP/1.0',
    sent: lines('GET / HTTP/1.0', `Host: ${HOST}`, ...WEBSOCKET, ''),
    answers: [200],
    connection: 'closed',
    saw: [{ asked: 'GET /', lines: [] }],
  },
]

/** The member answers 200, so what was sent ahead for the new protocol is nobody's (RFC 9110 §7.8). */
const refusedHandshakes: readonly RequestCase[] = [
  WEBSOCKET,
  ['Upgrade: WebSocket', 'Connection: keep-alive, upgrade'],
  ['UPGRADE: WEBSOCKET', 'CONNECTION: UPGRADE', 'HTTP2-Settings: A'],
].map((fields) => ({
  name: `2b-06 ${fields.join(' + ')} that is refused closes`,
  sent: get('/', ...fields, 'Sec-WebSocket-Key: x') + get('/early'),
  answers: [200],
  connection: 'closed',
  saw: [{ asked: 'GET /', lines: ['Sec-WebSocket-Key: x'] }],
}))

const OURS = 'Via: 1.1 cloudlet-test'

const via: readonly RequestCase[] = [
  through('2b-08 Via is added to', ['Via: 1.0 a, 1.1 b'], ['Via: 1.0 a, 1.1 b']),
  through(
    '2b-08 four passes are no loop',
    Array.from({ length: 4 }, () => OURS),
    [OURS, OURS, OURS, OURS],
  ),
  through(
    '2b-08 the names of others are no loop',
    [`Via: ${'1.1 cloudlet-other, '.repeat(9)}1.1 x`],
    [`Via: ${'1.1 cloudlet-other, '.repeat(9)}1.1 x`],
  ),
]

const FIVE = Array.from({ length: 5 }, () => OURS)
const FIVE_NAMES = Array.from({ length: 5 }, () => '1.1 cloudlet-test')

const loops: readonly RequestCase[] = [
  { name: 'five lines', fields: FIVE },
  { name: 'one line', fields: [`Via: ${FIVE_NAMES.join(', ')}`] },
  { name: 'one line without blanks', fields: [`Via: ${FIVE_NAMES.join(',')}`] },
  { name: 'lines that Connection names', fields: [...FIVE, 'Connection: Via'] },
].map(({ name, fields }) => ({
  name: `2b-08 five passes in ${name} are a loop`,
  sent: get('/', ...fields),
  answers: [508],
  connection: 'kept',
  saw: [],
}))

export const FORWARDING: readonly RequestCase[] = [
  ...hop,
  ...named,
  ...protectedFields,
  ...protectedFraming,
  ...namedMore,
  ...closing,
  ...claims,
  ...likeClaims,
  ...noHandshakes,
  ...refusedHandshakes,
  ...via,
  ...loops,
]
