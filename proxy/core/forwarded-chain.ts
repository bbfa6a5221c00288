import { FORWARDED } from './http-field-kind.ts'
import { fieldName, fieldValue } from './http-fields.ts'
import type { RequestHead } from './http-request.ts'
import { ipAddress, ipText, isWithin, type IpRange } from '../../src/core/ip-address.ts'

/** What a proxy in front that is trusted says of the client it speaks for. */
export interface Told {
  /** Addresses on the way, the client's first, without that of the proxy that says so. Empty: it says nothing. */
  readonly chain: readonly string[]
  readonly scheme: 'http' | 'https' | null
}

/** Proxies in a row; what is further away is not looked at. */
const HOPS_MOST = 32

/**
 * Reads X-Forwarded-For, or Forwarded where that is absent, from the right: each trusted proxy has put down
 * whom it was asked by, and the first that is not trusted is the client. What stands left of it the client
 * has said itself, and it goes no further. The same for whatever stands left of what is no address.
 */
export function toldBy(head: RequestHead, trusted: readonly IpRange[]): Told {
  const addresses = valuesOf(head, 'x-forwarded-for')
  const elements = valuesOf(head, 'forwarded')
  if (addresses === '' && elements !== '') return toldByForwarded(elements, trusted)
  const chain: string[] = []
  for (const node of nodesFromRight(addresses)) if (!took(chain, node, trusted)) break
  return { chain: chain.toReversed(), scheme: schemeOf(valuesOf(head, 'x-forwarded-proto')) }
}

function toldByForwarded(text: string, trusted: readonly IpRange[]): Told {
  const chain: string[] = []
  let scheme: Told['scheme'] = null
  for (const { node, proto } of elementsOf(text).toReversed()) {
    const before = chain.length
    const isOver = !took(chain, node, trusted)
    if (chain.length > before) scheme = schemeOf(proto)
    if (isOver) break
  }
  return { chain: chain.toReversed(), scheme }
}

/** Adds what is an address. False: this was the client, or nobody can say who was before. */
function took(chain: string[], node: string, trusted: readonly IpRange[]): boolean {
  const address = ipAddress(withoutPort(node))
  if (address === null || chain.length >= HOPS_MOST) return false
  chain.push(ipText(address))
  return isWithin(trusted, address)
}

function* nodesFromRight(text: string): Iterable<string> {
  let end = text.length
  while (end >= 0) {
    const comma = end === 0 ? -1 : text.lastIndexOf(',', end - 1)
    yield text.slice(comma + 1, end).trim()
    end = comma
  }
}

/** `192.0.2.1:80` and `[2001:db8::1]:80`, as some write them. */
function withoutPort(node: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(node) ?? []
  return bracketed ?? dotted ?? node
}

/** One word alone: which of several is the client's nobody can say. */
function schemeOf(text: string): Told['scheme'] {
  const word = text.toLowerCase()
  return word === 'http' || word === 'https' ? word : null
}

interface Element {
  readonly node: string
  readonly proto: string
}

const PAIR = /^\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*(;|,|$)/

/** The elements of Forwarded (RFC 7239 §4). From the first offence on nothing is read. */
function elementsOf(text: string): readonly Element[] {
  const elements: Element[] = []
  let element = { node: '', proto: '' }
  let rest = text
  while (rest !== '') {
    const pair = PAIR.exec(rest)
    // What the nearest proxy has said comes last, so that a list with an offence says nothing at all.
    if (pair === null) return []
    const [whole, name = '', quoted, plain, mark] = pair
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? ''
    if (name.toLowerCase() === 'for') element = { ...element, node: value }
    if (name.toLowerCase() === 'proto') element = { ...element, proto: value }
    rest = rest.slice(whole.length)
    if (mark === ';' && rest !== '') continue
    elements.push(element)
    element = { node: '', proto: '' }
  }
  return elements
}

/** All fields of that name as one list (RFC 9110 §5.3). */
function valuesOf({ bytes, fields }: RequestHead, name: string): string {
  const values: string[] = []
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] === FORWARDED && fieldName(bytes, fields, i) === name) {
      values.push(fieldValue(bytes, fields, i))
    }
  }
  return values.join(', ')
}
