import { HOST, get, lines } from '../../ingress/kit.ts'
import { pass, refusal } from '../case.ts'
import type { RequestCase, Seen } from '../case.ts'

/** A head with this text where its second field is. */
const head = (text: string): string => `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${text}\r\n\r\n`
const saw = (...own: readonly string[]): Seen => ({ asked: 'GET /', lines: own })

const bareLineFeeds: readonly RequestCase[] = [
  ['LF instead of CRLF everywhere', `GET / HTTP/1.1\nHost: ${HOST}\n\n`],
  ['LF after the request line', `GET / HTTP/1.1\nHost: ${HOST}\r\n\r\n`],
  ['LF after a field', `GET / HTTP/1.1\r\nHost: ${HOST}\nA: b\r\n\r\n`],
  ['LF as the empty line', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\n`],
  ['LF LF at the end', `GET / HTTP/1.1\r\nHost: ${HOST}\n\n`],
  ['LF CR instead of CRLF', `GET / HTTP/1.1\n\rHost: ${HOST}\n\r\n\r`],
  ['LF in a value', head('A: b\nTransfer-Encoding: chunked')],
  ['LF in a name', head('A\nB: c')],
  ['LF after the colon', head('A:\nb')],
  ['LF before the colon', head('A\n: b')],
  ['LF before the request line', `\nGET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['LF in the target', `GET /a\nb HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['LF in the method', `GE\nT / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
].map(([name, sent = '']) => refusal(`2a-08 ${name}`, sent))

const bareCarriageReturns: readonly RequestCase[] = [
  ['CR instead of CRLF everywhere', `GET / HTTP/1.1\rHost: ${HOST}\r\r\n\r\n`],
  ['CR after the request line', `GET / HTTP/1.1\rHost: ${HOST}\r\n\r\n`],
  ['CR in a value', head('A: b\rTransfer-Encoding: chunked')],
  ['CR at the beginning of a value', head('A:\rb')],
  ['CR CR LF after a field', head('A: b\r')],
  ['CR CR LF after the request line', `GET / HTTP/1.1\r\r\nHost: ${HOST}\r\n\r\n`],
  ['CR CR LF as the empty line', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\r\n`],
  ['CR and a letter as the empty line', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\rX\r\n\r\n`],
  ['CR in a name', head('A\rB: c')],
  ['CR before the colon', head('A\r: b')],
  ['CR in the target', `GET /a\rb HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['CR in the method', `G\rET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['CR in the version', `GET / HTTP\r/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['CR before the request line', `\rGET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
].map(([name, sent = '']) => refusal(`2a-08 ${name}`, sent))

const CONTROLS = ['\0', '\x01', '\x07', '\x08', '\v', '\f', '\x0e', '\x1b', '\x1f', '\x7f']

const controls: readonly RequestCase[] = CONTROLS.flatMap((control) => {
  const name = JSON.stringify(control)
  return [
    refusal(`2a-08 ${name} in a value`, head(`A: b${control}c`)),
    refusal(`2a-08 ${name} at the end of a value`, head(`A: b${control}`)),
    refusal(`2a-08 ${name} in a name`, head(`A${control}B: c`)),
    refusal(`2a-08 ${name} in the target`, get(`/a${control}b`)),
  ]
})

const nuls: readonly RequestCase[] = [
  refusal('2a-08 NUL in the method', lines('GE\0T / HTTP/1.1', `Host: ${HOST}`, '')),
  refusal('2a-08 NUL after the version', lines('GET / HTTP/1.1\0', `Host: ${HOST}`, '')),
  refusal('2a-08 NUL before the request', `\0${get('/')}`),
  refusal('2a-08 NUL as the empty line', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\0\r\n`),
]

const values: readonly RequestCase[] = [
  'A:',
  'A: ',
  'A: \t ',
  'A:b',
  'A:  b  ',
  'A:\tb\t',
  'A: b\tc',
  'A: :b:',
  'A: "b\\"c"',
  'A: \xe9\x80\xff',
  'A: b, c;d=e (f)',
  `A: ${'b'.repeat(4000)}`,
].map((field) =>
  pass(
    `5.5 the field ${JSON.stringify(field.slice(0, 24))} passes as it is`,
    head(field),
    saw(field),
  ),
)

const foldings: readonly RequestCase[] = [
  ['folded by a blank', head('A: b\r\n c')],
  ['folded by a tab', head('A: b\r\n\tc')],
  ['folded to hide a coding', head('A: b\r\n Transfer-Encoding: chunked')],
  ['folded before its value', head('A:\r\n b')],
  ['folded by a line of blanks', head('A: b\r\n  ')],
  ['a Host that is folded', `GET / HTTP/1.1\r\nHost:\r\n ${HOST}\r\n\r\n`],
  ['white space before the first field', `GET / HTTP/1.1\r\n Host: ${HOST}\r\n\r\n`],
  ['a tab before the first field', `GET / HTTP/1.1\r\n\tA: b\r\nHost: ${HOST}\r\n\r\n`],
  ['a blank before the colon', head('A : b')],
  ['a tab before the colon', head('A\t: b')],
  ['a blank before the colon of Host', `GET / HTTP/1.1\r\nHost : ${HOST}\r\n\r\n`],
  ['no name', head(': b')],
  ['nothing but a colon', head(':')],
  ['no colon', head('A')],
  ['no colon but a value', head('A b')],
  ['a blank in a name', head('A B: c')],
  ['a line of a blank', head(' ')],
].map(([name, sent = '']) => refusal(`2a-09 ${name}`, sent))

const delimiters: readonly RequestCase[] = Array.from(
  '"(),/;<=>?@[\\]{}\x80\xa0\xe4\xff',
  (delimiter) => refusal(`2a-09 ${JSON.stringify(delimiter)} in a name`, head(`A${delimiter}B: c`)),
)

const names: readonly RequestCase[] = [
  pass('5.6.2 all that a token may hold', head("!#$%&'*+-.^`|~09AZaz: b"), {
    asked: 'GET /',
    lines: ["!#$%&'*+-.^`|~09AZaz: b"],
  }),
  pass('5.3 fields of one name stay apart and in order', head('A: 1\r\nB: 2\r\nA: 3'), {
    asked: 'GET /',
    lines: ['A: 1', 'B: 2', 'A: 3'],
  }),
  pass('5.1 names keep their case', head('aBc: d\r\nABC: e'), saw('aBc: d', 'ABC: e')),
  pass('5.1 a name that a program may trip over', head('__proto__: x'.replaceAll('_', '-')), {
    asked: 'GET /',
    lines: ['--proto--: x'],
  }),
  pass('5.1 a name that objects have', head('constructor: x\r\ntoString: y'), {
    asked: 'GET /',
    lines: ['constructor: x', 'toString: y'],
  }),
]

const underscores: readonly RequestCase[] = [
  'X_Forwarded_For: 192.0.2.1',
  'X-Forwarded_For: 192.0.2.1',
  'Content_Length: 5',
  'Transfer_Encoding: chunked',
  'Host_: other',
  'a_b: c',
  '_: c',
  '__proto__: c',
].map((field) => refusal(`2a-20 ${field}`, head(field)))

export const FIELDS: readonly RequestCase[] = [
  ...bareLineFeeds,
  ...bareCarriageReturns,
  ...controls,
  ...nuls,
  ...values,
  ...foldings,
  ...delimiters,
  ...names,
  ...underscores,
]
