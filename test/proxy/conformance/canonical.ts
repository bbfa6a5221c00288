import assert from 'node:assert/strict'

/**
 * What a careful recipient may rely on, written from RFC 9110 and RFC 9112 alone: it shares nothing
 * with the readers of the ingress, and asserts where those decide. A message that passes can be read
 * in one way only.
 */
export interface Line {
  /** Lower case. */
  readonly name: string
  readonly value: string
  readonly text: string
}

export interface CanonicalRequest {
  readonly asked: string
  readonly lines: readonly Line[]
  readonly content: string
  readonly isUpgrade: boolean
}

/** The next message from an offset of a text, and where it ends; null: it is not complete. */
export type Read<Message> = { readonly message: Message; readonly end: number } | null

/** For one hop alone (RFC 9110 §7.6.1), and fields that some take for such. */
const HOP = /^(?:connection|keep-alive|proxy-.*|proxy|te|trailer|upgrade|http2-settings)$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const LENGTH = /^(?:0|[1-9][0-9]{0,14})$/
const ORIGIN_FORM = /^\/[!"$-~]*$/

/** What the ingress itself has to say, once each. */
const OURS = [
  'x-forwarded-for',
  'x-real-ip',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-request-id',
]

export function readRequest(text: string, at: number): Read<CanonicalRequest> {
  assertCharacters(text.slice(at))
  const head = readHead(text, at)
  if (head === null) return null
  const [asked, minor] = requestLine(head.first)
  assert.equal(minor, '1', 'a member is asked in HTTP/1.1')
  const isUpgrade = one(head.lines, 'upgrade') !== undefined
  if (isUpgrade) assertHandshake(asked, head.lines)
  else assertNoHop(head.lines)
  assertHost(head.lines)
  assertOurs(head.lines)
  const framing = framingOf(head.lines)
  const content = readContent(text, head.end, framing ?? { length: 0 })
  if (content === null) return null
  const message = { asked, lines: head.lines, content: content.message, isUpgrade }
  return { message, end: content.end }
}

interface Head {
  readonly first: string
  readonly lines: readonly Line[]
}

/** The first line and the fields, of requests and of answers. */
export function readHead(text: string, at: number): (Head & { readonly end: number }) | null {
  const stop = text.indexOf('\r\n\r\n', at)
  if (stop < 0) return null
  const [first = '', ...fields] = text.slice(at, stop).split('\r\n')
  assertCharacters(text.slice(at, stop))
  // A hundred are let in, and a few are our own.
  assert.ok(fields.length <= 110, 'a head has a bounded number of fields')
  return { first, lines: fields.map(fieldLine), end: stop + 4 }
}

/** No NUL, no control character but HTAB, no CR or LF of its own (RFC 9110 §5.5, RFC 9112 §2.2). */
function assertCharacters(text: string): void {
  const head = text.split('\r\n\r\n', 1)[0] ?? ''
  // A piece may end between CR and LF.
  const whole = head.endsWith('\r') ? head.slice(0, -1) : head
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  const offence = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/.exec(whole)
  assert.equal(offence, null, `a head is lines of text, not ${JSON.stringify(whole)}`)
}

function fieldLine(text: string): Line {
  const colon = text.indexOf(':')
  assert.ok(colon > 0, `a field has a name and a colon: ${JSON.stringify(text)}`)
  const name = text.slice(0, colon)
  assert.match(name, TOKEN)
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
  return { name: name.toLowerCase(), value, text }
}

function requestLine(first: string): readonly [asked: string, minor: string] {
  const parts = /^([^ ]+) ([^ ]+) HTTP\/1\.([01])$/.exec(first)
  assert.ok(parts !== null, `a request line has three parts: ${JSON.stringify(first)}`)
  const [, method = '', target = '', minor = ''] = parts
  assert.match(method, TOKEN)
  assert.notEqual(method, 'CONNECT')
  if (target !== '*' || method !== 'OPTIONS') assert.match(target, ORIGIN_FORM)
  return [`${method} ${target}`, minor]
}

export function all(lines: readonly Line[], name: string): string[] {
  return lines.filter((line) => line.name === name).map(({ value }) => value)
}

/** The value of a field that may be there once. */
export function one(lines: readonly Line[], name: string): string | undefined {
  const values = all(lines, name)
  assert.ok(values.length < 2, `there is one ${name} at most`)
  return values[0]
}

function assertHost(lines: readonly Line[]): void {
  const host = one(lines, 'host')
  assert.ok(host !== undefined, 'a request has a Host')
  assert.match(host, /^(?:[A-Za-z0-9\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/)
}

function assertNoHop(lines: readonly Line[]): void {
  const hop = lines.filter(({ name }) => HOP.test(name) || name.startsWith('x-cloudlet-'))
  assert.deepEqual(hop, [], 'nothing meant for one hop passes')
  // Some programs read an underscore as a hyphen.
  assert.deepEqual(
    lines.filter(({ name }) => name.includes('_')),
    [],
  )
}

function assertHandshake(asked: string, lines: readonly Line[]): void {
  assert.match(asked, /^GET /)
  assert.equal(one(lines, 'upgrade'), 'websocket')
  assert.equal(one(lines, 'connection'), 'Upgrade')
  assert.equal(framingOf(lines), undefined)
  assertNoHop(lines.filter(({ name }) => name !== 'upgrade' && name !== 'connection'))
}

/** Who asks is told once, by us (RFC 7239 §5); the tests' clients are all at 127.0.0.1. */
function assertOurs(lines: readonly Line[]): void {
  for (const name of OURS) assert.equal(all(lines, name).length, 1, `there is one ${name}`)
  const host = one(lines, 'host') ?? ''
  assert.equal(one(lines, 'x-forwarded-for'), '127.0.0.1')
  assert.equal(one(lines, 'x-real-ip'), '127.0.0.1')
  assert.equal(one(lines, 'x-forwarded-proto'), 'http')
  assert.equal(one(lines, 'x-forwarded-host'), host)
  assert.equal(one(lines, 'forwarded'), `for=127.0.0.1;host="${host}";proto=http`)
  assert.match(one(lines, 'x-request-id') ?? '', /^request-\d+$/)
  assert.match(all(lines, 'via').at(-1) ?? '', /^1\.[01] cloudlet-test$/)
  const claims = lines.filter(({ name }) => name.startsWith('x-forwarded-'))
  assert.equal(claims.length, 3, 'nobody else says who asks')
  const expectation = one(lines, 'expect')
  if (expectation !== undefined) assert.match(expectation, /^100-continue$/i)
}

export type Length = { readonly length: number } | { readonly length: 'chunked' }

/** One way of telling where the content ends, or none (RFC 9112 §6.3). */
export function framingOf(lines: readonly Line[]): Length | undefined {
  const length = one(lines, 'content-length')
  const coding = one(lines, 'transfer-encoding')
  assert.ok(length === undefined || coding === undefined, 'there is one framing')
  if (length !== undefined) {
    assert.match(length, LENGTH)
    return { length: Number(length) }
  }
  if (coding === undefined) return undefined
  assert.match(coding, /^chunked$/i)
  return { length: 'chunked' }
}

export function readContent(text: string, at: number, { length }: Length): Read<string> {
  if (length === 'chunked') return readChunks(text, at)
  const end = at + length
  return text.length < end ? null : { message: text.slice(at, end), end }
}

/** Sizes without padding, no extension, no trailer: what has been encoded anew has neither. */
function readChunks(text: string, from: number): Read<string> {
  let content = ''
  let at = from
  for (;;) {
    const stop = text.indexOf('\r\n', at)
    const line = text.slice(at, stop < 0 ? text.length : stop)
    assert.match(
      stop < 0 ? line.replace(/\r$/, '') : `${line}!`,
      /^(?:0|[1-9a-f][0-9a-f]{0,12})?!?$/,
    )
    if (stop < 0) return null
    assert.notEqual(line, '', 'a chunk has a size')
    const start = stop + 2
    const end = start + Number.parseInt(line, 16)
    if (text.length < end + 2) return null
    assert.equal(text.slice(end, end + 2), '\r\n', 'a chunk ends in CRLF, and no trailer follows')
    content += text.slice(start, end)
    at = end + 2
    if (end === start) return { message: content, end: at }
  }
}
