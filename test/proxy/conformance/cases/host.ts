import { HOST, get, lines } from '../../ingress/kit.ts'
import { pass, refusal } from '../case.ts'
import type { RequestCase } from '../case.ts'

const ask = (...fields: readonly string[]): string => lines('GET / HTTP/1.1', ...fields, '')

const none: readonly RequestCase[] = [
  refusal('2a-11 no Host', ask('A: b')),
  refusal('2a-11 no field at all', lines('GET / HTTP/1.1', '')),
  refusal('2a-11 two equal Hosts', ask(`Host: ${HOST}`, `Host: ${HOST}`)),
  refusal('2a-11 two Hosts that differ', ask(`Host: ${HOST}`, 'Host: other')),
  refusal('2a-11 two Hosts far apart', ask(`host: ${HOST}`, 'A: b', 'C: d', `HOST: ${HOST}`)),
  refusal('2a-11 a Host and an empty one', ask(`Host: ${HOST}`, 'Host:')),
  refusal('2a-11 an empty Host and one', ask('Host:', `Host: ${HOST}`)),
  refusal('2a-11 two Hosts in HTTP/1.0', lines('GET / HTTP/1.0', `Host: ${HOST}`, 'Host: a', '')),
]

const wrong: readonly RequestCase[] = [
  '',
  ' ',
  'a b',
  `${HOST} other`,
  `${HOST}\tother`,
  `${HOST},other`,
  `${HOST}, ${HOST}`,
  `${HOST}/`,
  `${HOST}/path`,
  `http://${HOST}`,
  `user@${HOST}`,
  `user:secret@${HOST}`,
  `${HOST}@other`,
  `${HOST}?a`,
  `${HOST}#a`,
  `${HOST}\\other`,
  `"${HOST}"`,
  `<${HOST}>`,
  `${HOST}:a`,
  `${HOST}:80a`,
  `${HOST}:-1`,
  `${HOST}:+80`,
  `${HOST}: 80`,
  `${HOST}:80:80`,
  `${HOST}:123456`,
  ':80',
  '@',
  '[::1',
  '::1',
  '[::1]x',
  '[::1]]',
  '[]',
  '[x]',
  '[::1%25eth0]',
  'h\xe9llo',
  `${HOST}\x80`,
  `\xa0${HOST}`,
  `{${HOST}}`,
  `${HOST}|other`,
  `${HOST}^`,
  `${HOST}\``,
].map((host) => refusal(`2a-11 Host: ${JSON.stringify(host)}`, ask(`Host: ${host}`)))

const controls: readonly RequestCase[] = ['\0', '\x01', '\v', '\x7f', '\r', '\n'].flatMap(
  (control) => [
    refusal(`2a-11 ${JSON.stringify(control)} in Host`, ask(`Host: ${HOST}${control}.evil`)),
    refusal(`2a-11 ${JSON.stringify(control)} before Host`, ask(`Host:${control}${HOST}`)),
  ],
)

/** One app, however it is written; the member gets it as it was written. */
const right: readonly RequestCase[] = [
  HOST,
  HOST.toUpperCase(),
  'HeLLo.Demo.Cloud.Local',
  `${HOST}.`,
  `${HOST}:80`,
  `${HOST}:8080`,
  `${HOST}:`,
  `${HOST}.:65535`,
  'hello.demo.localhost',
].map((host) =>
  pass(`2a-11 Host: ${host} is routed`, ask(`Host: ${host}`), { asked: 'GET /', host, lines: [] }),
)

const blanks: readonly RequestCase[] = [`Host:${HOST}`, `Host:\t ${HOST} \t`, `hOST: ${HOST}`].map(
  (field) =>
    pass(`2a-11 ${JSON.stringify(field)} is routed`, ask(field), { asked: 'GET /', host: HOST }),
)

/** Hosts in form of which there is no app: the connection goes on, and no member hears of it. */
const unknown: readonly RequestCase[] = [
  'other.demo.cloud.local',
  'hello.other.cloud.local',
  'cloud.local',
  'localhost',
  'x',
  '.',
  `${HOST}..`,
  `.${HOST}`,
  `x.${HOST}`,
  'hello.demo.cloud.local.evil',
  'hello%2edemo.cloud.local',
  'hello.demo.cloud.local%00',
  'hello_demo.cloud.local',
  "!$&'()*+;=",
  '127.0.0.1',
  '[::1]',
  '[::1]:80',
  '[::ffff:127.0.0.1]',
  '__proto__',
  'constructor',
  'a'.repeat(3000),
].map((host) => ({
  name: `2a-11 Host: ${host.slice(0, 30)} is nobody's`,
  sent: ask(`Host: ${host}`),
  answers: [404],
  connection: 'kept',
  saw: [],
}))

const others: readonly RequestCase[] = [
  {
    name: '2a-11 no Host in HTTP/1.0 is nobody',
    sent: lines('GET / HTTP/1.0', ''),
    answers: [404],
    connection: 'closed',
    saw: [],
  },
  {
    name: '2a-11 X-Forwarded-Host routes nothing',
    sent: ask(
      'Host: other.demo.cloud.local',
      `X-Forwarded-Host: ${HOST}`,
      `Forwarded: host=${HOST}`,
    ),
    answers: [404],
    connection: 'kept',
    saw: [],
  },
  {
    name: '2a-11 each request of a connection has its own Host',
    sent: get('/1') + ask('Host: other.demo.cloud.local') + get('/2'),
    answers: [200, 404, 200],
    connection: 'kept',
    saw: [{ asked: 'GET /1' }, { asked: 'GET /2' }],
  },
  refusal('2a-11 a blank before Host', ask(` Host: ${HOST}`)),
  refusal('2a-11 a blank after Host', ask(`Host : ${HOST}`)),
  refusal('2a-11 a folded Host', ask(`Host: ${HOST}`, ' .evil')),
  refusal(
    '2a-11 a Host that Connection names stays one',
    ask(`Host: ${HOST}`, 'Host: a', 'Connection: Host'),
  ),
]

export const HOSTS: readonly RequestCase[] = [
  ...none,
  ...wrong,
  ...controls,
  ...right,
  ...blanks,
  ...unknown,
  ...others,
]
