import type { Endpoint } from '../contract/endpoint.ts'
import { wrongField } from '../core/failure.ts'
import type { Precondition } from '../core/precondition.ts'
import type { Answer } from '../services/once.ts'
import { etagOf, generationOf } from './answer.ts'
import type { AppContext } from './shell.ts'

/** RFC 9110 §8.8.3. No client has read more resources than these under one address. */
const TAGS =
  /^\s*(?:W\/)?"[\x21\x23-\x7e]{0,200}"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]{0,200}"){0,31}\s*$/
const TAG = /(W\/)?("[\x21\x23-\x7e]*")/g

interface Tag {
  readonly isWeak: boolean
  readonly text: string
}

/** What `If-Match` asks for. An endpoint that could not see to it refuses it, instead of going on without. */
export function preconditionOf(c: AppContext, e: Endpoint): Precondition | undefined {
  const match = c.req.header('if-match')
  if (e.conditional !== true) {
    if (match !== undefined) throw takesNone('if-match')
    if (e.method !== 'get' && c.req.header('if-none-match') !== undefined)
      throw takesNone('if-none-match')
    return undefined
  }
  if (match === undefined) return undefined
  const tags = tagsOf(match, 'if-match')
  if (tags === '*') return { holds: () => true }
  // Strong comparison (RFC 9110 §8.8.3.2): a weak tag is equal to none.
  const strong = tags.filter(({ isWeak }) => !isWeak).map(({ text }) => text)
  return {
    holds(current) {
      const generation = generationOf(current)
      if (generation !== undefined) return strong.some((tag) => tag.startsWith(`"${generation}.`))
      return strong.includes(etagOf(JSON.stringify((e.subject ?? e.response).parse(current))))
    },
  }
}

/** Answers 304 to who has the very same already. */
export function unlessKnown(c: AppContext, answer: Answer): Answer {
  const wanted = c.req.header('if-none-match')
  const etag = answer.headers['etag']
  if (wanted === undefined || etag === undefined || c.get('endpoint')?.method !== 'get')
    return answer
  const tags = tagsOf(wanted, 'if-none-match')
  if (tags !== '*' && !tags.some(({ text }) => text === etag)) return answer
  const { 'content-type': _, ...headers } = answer.headers
  return { status: 304, headers, body: '' }
}

function tagsOf(text: string, header: string): readonly Tag[] | '*' {
  if (text.trim() === '*') return '*'
  if (!TAGS.test(text)) throw wrongField(`header#/${header}`, 'neither "*" nor entity tags')
  return [...text.matchAll(TAG)].map(([, weak, tag = '']) => ({
    isWeak: weak !== undefined,
    text: tag,
  }))
}

const takesNone = (header: string) =>
  wrongField(`header#/${header}`, 'this request takes no such condition')
