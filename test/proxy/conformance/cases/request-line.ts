import { HOST, get, lines } from '../../ingress/kit.ts'
import { pass, refusal } from '../case.ts'
import type { RequestCase } from '../case.ts'

const asking = (line: string, ...fields: readonly string[]): string =>
  lines(line, `Host: ${HOST}`, ...fields, '')

const shapes: readonly RequestCase[] = [
  'GET  / HTTP/1.1',
  'GET /  HTTP/1.1',
  'GET / HTTP/1.1 ',
  'GET / HTTP/1.1\t',
  ' GET / HTTP/1.1',
  '\tGET / HTTP/1.1',
  'GET\t/ HTTP/1.1',
  'GET /\tHTTP/1.1',
  'GET\xa0/ HTTP/1.1',
  'GET/ HTTP/1.1',
  'GET /HTTP/1.1',
  'GET HTTP/1.1',
  'GET  HTTP/1.1',
  ' / HTTP/1.1',
  '/ HTTP/1.1',
  'GET /',
  'GET / ',
  'GET',
  'GET / x HTTP/1.1',
  'GET / HTTP/1.1 HTTP/1.1',
  'GET /a b HTTP/1.1',
  'HTTP/1.1 200 OK',
].map((line) => refusal(`2a-10 the line ${JSON.stringify(line)}`, asking(line)))

const versions: readonly RequestCase[] = [
  'http/1.1',
  'Http/1.1',
  'HTTP/1.10',
  'HTTP/01.1',
  'HTTP/1.01',
  'HTTP/1',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/1,1',
  'HTTP/1 1',
  'HTTP/11',
  'HTTP 1.1',
  'HTTP1.1',
  'HTTPS/1.1',
  'HTTP/1.1x',
  'HTTP/x.1',
  'HTTP/+1.1',
  'HTTP/-1.1',
  'HTTP\\1.1',
  'ICY/1.1',
  'HTTP/\xb1.1',
].map((version) =>
  refusal(`2a-10 the version ${JSON.stringify(version)}`, asking(`GET / ${version}`)),
)

const otherVersions: readonly RequestCase[] = [
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.9',
  'HTTP/2.0',
  'HTTP/3.0',
  'HTTP/9.9',
].map((version) =>
  refusal(`2a-10 the version ${version} is not spoken`, asking(`GET / ${version}`), 505),
)

const preface = refusal('2a-10 the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505)

const badMethods: readonly RequestCase[] = [
  'G,T',
  'G(T',
  'G/T',
  'G:T',
  'G@T',
  'G[T',
  'G{T',
  'G"T',
  'G\\T',
  'G\x80T',
  'G\xe4T',
  'G\x7fT',
].map((method) =>
  refusal(`2a-10 the method ${JSON.stringify(method)}`, asking(`${method} / HTTP/1.1`)),
)

const methods: readonly RequestCase[] = [
  'GET',
  'OPTIONS',
  'DELETE',
  'PUT',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'get',
  'x',
  "!#$%&'*+-.^_`|~",
  'M'.repeat(32),
].map((method) =>
  pass(`2a-10 the method ${method} passes`, asking(`${method} / HTTP/1.1`), {
    asked: `${method} /`,
    content: '',
  }),
)

const longMethods: readonly RequestCase[] = [
  refusal('2a-10 a method of 33 bytes', asking(`${'M'.repeat(33)} / HTTP/1.1`), 501),
  refusal('2a-10 a method of 9,000 bytes', asking(`${'M'.repeat(9000)} / HTTP/1.1`), 501),
]

const badTargets: readonly RequestCase[] = [
  '/#',
  '/a#b',
  '#',
  '/\x80',
  '/\xc3\xa4',
  '/\xff',
  '/\x7f',
  '*',
  'a',
  'a/b',
  './a',
  '?a',
  '\\a',
  '%2f',
  HOST,
  `${HOST}:80`,
].map((target) =>
  refusal(`2a-10 the target ${JSON.stringify(target)}`, asking(`GET ${target} HTTP/1.1`)),
)

const goodTargets: readonly RequestCase[] = [
  '/?',
  '/?a=b&c=%00',
  '/a?b?c',
  '/%2e%2e/%2E%2e',
  '/../a',
  '/./a/../b',
  '/a//b',
  '//a/b',
  '/a%2fb',
  '/a%5cb',
  '/a%00b',
  '/a\\b',
  '/a;b=c',
  '/%',
  '/%zz',
  '/"<>^`{|}',
  '/*',
  '/http://other/',
  '/@:,!$',
  `/${'a'.repeat(4000)}`,
].map((target) =>
  pass(`2a-19 the target ${JSON.stringify(target.slice(0, 24))} passes as it is`, get(target), {
    asked: `GET ${target}`,
    lines: [],
  }),
)

const beforeTheLine: readonly RequestCase[] = [
  pass('2a-10 one empty line before a request', `\r\n${get('/')}`, { asked: 'GET /' }),
  pass(
    '2a-10 one empty line between two requests',
    `${get('/1')}\r\n${get('/2')}`,
    { asked: 'GET /1' },
    { asked: 'GET /2' },
  ),
  refusal('2a-10 two empty lines before a request', `\r\n\r\n${get('/')}`),
  refusal('2a-10 a blank line before a request', ` \r\n${get('/')}`),
  { ...refusal('2a-10 nothing at all', ''), answers: [], ends: true },
  { ...refusal('2a-10 half a request line', 'GET / HT'), answers: [], ends: true },
  {
    ...refusal('2a-10 half a head', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n`),
    answers: [],
    ends: true,
  },
]

const connects: readonly RequestCase[] = [
  refusal('2a-12 CONNECT host:port', asking(`CONNECT ${HOST}:80 HTTP/1.1`), 405),
  refusal('2a-12 CONNECT /', asking('CONNECT / HTTP/1.1'), 405),
  refusal('2a-12 CONNECT to a URL', asking(`CONNECT http://${HOST}/ HTTP/1.1`), 405),
  refusal('2a-12 CONNECT without Host', lines(`CONNECT ${HOST}:80 HTTP/1.1`, ''), 405),
  refusal('2a-12 CONNECT in HTTP/1.0', lines('CONNECT a:1 HTTP/1.0', ''), 405),
  refusal(
    '2a-12 CONNECT and a request ahead of its answer',
    asking(`CONNECT a:1 HTTP/1.1`) + get('/'),
    405,
  ),
]

/** A target in absolute form, and what the member is asked instead. */
const absolute: readonly RequestCase[] = [
  [`http://${HOST}/`, '/'],
  [`http://${HOST}`, '/'],
  [`http://${HOST}/a?b=c`, '/a?b=c'],
  [`http://${HOST}?b`, '/?b'],
  [`HTTP://${HOST}/`, '/'],
  [`http://${HOST.toUpperCase()}/`, '/'],
  [`http://${HOST}//a`, '//a'],
  [`http://${HOST}/http://other/`, '/http://other/'],
].map(([target = '', asked = '']) =>
  pass(`2a-12 ${target}`, asking(`GET ${target} HTTP/1.1`, 'A: b'), {
    asked: `GET ${asked}`,
    lines: ['A: b'],
  }),
)

const stars: readonly RequestCase[] = [
  pass('2a-12 OPTIONS *', asking('OPTIONS * HTTP/1.1'), { asked: 'OPTIONS *' }),
  pass('2a-12 OPTIONS of a URL without a path', asking(`OPTIONS http://${HOST} HTTP/1.1`), {
    asked: 'OPTIONS *',
  }),
  refusal('2a-12 * for POST', asking('POST * HTTP/1.1', 'Content-Length: 0')),
  refusal('2a-12 * for another case of OPTIONS', asking('options * HTTP/1.1')),
  refusal('2a-12 ** for OPTIONS', asking('OPTIONS ** HTTP/1.1')),
  pass(
    '2a-12 Host is written anew from the target',
    lines(`GET http://${HOST.toUpperCase()}/ HTTP/1.1`, `Host: ${HOST}`, ''),
    { asked: 'GET /', host: HOST.toUpperCase() },
  ),
  {
    name: '2a-12 a URL in HTTP/1.0 needs no Host',
    sent: lines(`GET http://${HOST}/ HTTP/1.0`, ''),
    answers: [200],
    connection: 'closed',
    saw: [{ asked: 'GET /', host: HOST }],
  },
]

const badAbsolute: readonly RequestCase[] = [
  'http://other.demo.cloud.local/',
  `http://${HOST}:81/`,
  `http://${HOST}.evil/`,
  `http://user@${HOST}/`,
  `http://user:secret@${HOST}/`,
  `http://other@${HOST}/`,
  'http:///',
  'http://',
  'http:/',
  'http:',
  `http:/${HOST}/`,
  `http:${HOST}/`,
  `ftp://${HOST}/`,
  `ws://${HOST}/`,
  `file:///etc/passwd`,
  `http://${HOST}/#a`,
  `http://${HOST},other/`,
  `http://${HOST}\\@other/`,
  `http://${HOST}:80:80/`,
  `http://${HOST}:80x/`,
  `http://${HOST}:-80/`,
  'http://[::1/',
  'http://[x]/',
  `x-http://${HOST}/`,
].map((target) => refusal(`2a-12 GET ${target}`, asking(`GET ${target} HTTP/1.1`)))

const absoluteWithout: readonly RequestCase[] = [
  refusal('2a-12 a URL in HTTP/1.1 without Host', lines(`GET http://${HOST}/ HTTP/1.1`, '')),
  refusal(
    '2a-12 a URL and a Host that is none',
    lines(`GET http://${HOST}/ HTTP/1.1`, 'Host: a b', ''),
  ),
  refusal(
    '2a-12 a URL and two Hosts',
    lines(`GET http://${HOST}/ HTTP/1.1`, `Host: ${HOST}`, `Host: ${HOST}`, ''),
  ),
]

export const REQUEST_LINE: readonly RequestCase[] = [
  ...shapes,
  ...versions,
  ...otherVersions,
  preface,
  ...badMethods,
  ...methods,
  ...longMethods,
  ...badTargets,
  ...goodTargets,
  ...beforeTheLine,
  ...connects,
  ...absolute,
  ...stars,
  ...badAbsolute,
  ...absoluteWithout,
]
