import { createHash } from 'node:crypto'
import { FirewallError } from '../ports/firewall.ts'
import type { RunNft } from './nft-program.ts'

export const FAMILIES = ['inet', 'bridge'] as const

/** By which a change is known that another hand has made. */
export interface Marks {
  /** Of the chains, their rules, and which sets there are. */
  readonly frameMark: string
  /** Of what is in the sets that nobody but us fills. */
  readonly setsMark: string
}

/** As the kernel shows both tables now; throws where one is not there. */
export async function marksOf(nft: RunNft, table: string, signal: AbortSignal): Promise<Marks> {
  const texts = []
  for (const family of FAMILIES) {
    texts.push(await nft(['-j', '-s', 'list', 'table', family, table], '', signal))
  }
  return { frameMark: markOf(texts.map(frameIn)), setsMark: markOf(texts.map(setsIn)) }
}

type Listed = Readonly<Record<string, unknown>>

const isListed = (value: unknown): value is Listed => typeof value === 'object' && value !== null

/** Each is an object of one member, whose name says what it is (libnftables-json(5)). */
function objectsIn(text: string): Listed[] {
  const listing: unknown = JSON.parse(text)
  const objects = isListed(listing) ? listing['nftables'] : undefined
  if (!Array.isArray(objects)) throw new FirewallError('nft does not list what it was asked for')
  return objects.filter(isListed).filter((one) => !('metainfo' in one))
}

/** Chains, rules and which sets there are, without what is in them. */
const frameIn = (text: string): unknown =>
  objectsIn(text).map(({ set, ...rest }) =>
    isListed(set) ? { set: { ...set, elem: undefined } } : rest,
  )

/** What is in the sets that nobody but us fills. */
const setsIn = (text: string): unknown =>
  objectsIn(text).flatMap(({ set }) => (isListed(set) && !isDynamic(set) ? [set] : []))

const isDynamic = ({ flags }: Listed): boolean => Array.isArray(flags) && flags.includes('dynamic')

const markOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')
