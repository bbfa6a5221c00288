import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { AuditLink, type AuditVerdict, MOST_GIVEN_LINKS } from '../contract/audit.ts'
import { type ChainHead, flawAtHead, FLAWS, headOf } from '../core/audit-chain.ts'
import { CommandError, EXIT, usageError } from './exit.ts'

interface AuditFile {
  readonly path: string
  /** Noted earlier: the file must have it. */
  readonly head: ChainHead | null
}
type Judge = (links: AuditLink[]) => Promise<AuditVerdict>

/** The verdict on all lines of a file, judged in parts: each begins with the last line of the one before. */
export async function fileVerdict({ path, head }: AuditFile, judge: Judge): Promise<AuditVerdict> {
  let total: AuditVerdict | null = null
  let noted: ChainHead | undefined
  for await (const links of partsOf(path)) {
    const verdict = await judge(links)
    const entries: number = total === null ? verdict.entries : total.entries + verdict.entries - 1
    total = { ...verdict, entries }
    if (!verdict.ok) return total
    noted ??= links.find(({ seq }) => seq === head?.seq)
  }
  if (total === null) throw usageError(`Cannot verify "${path}": it has no entries`)
  return head === null ? total : withHead(total, head, noted)
}

function withHead(total: AuditVerdict, head: ChainHead, noted?: ChainHead): AuditVerdict {
  const end = headOf(total.head ?? '')
  if (end === null || (noted === undefined && end.seq >= head.seq)) {
    throw usageError(`Cannot compare with --head: the file begins after entry ${head.seq}`)
  }
  const bad = flawAtHead(head, noted ?? end, end)
  return { ...total, ok: bad === null, firstBad: bad && { ...bad, why: FLAWS[bad.flaw] } }
}

async function* partsOf(path: string): AsyncGenerator<AuditLink[]> {
  let part: AuditLink[] = []
  let repeated = 0
  let number = 0
  for await (const line of linesOf(path)) {
    number++
    if (line.trim() === '') continue
    part.push(linkOf(line, `${path}, line ${number}`))
    if (part.length < MOST_GIVEN_LINKS) continue
    yield part
    part = part.slice(-1)
    repeated = 1
  }
  if (part.length > repeated) yield part
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path)
  try {
    yield* createInterface({ input })
  } catch (cause) {
    throw new CommandError(EXIT.usage, `Cannot read the file "${path}"`, String(cause))
  } finally {
    input.destroy()
  }
}

function linkOf(line: string, place: string): AuditLink {
  const parsed = AuditLink.safeParse(json(line))
  if (parsed.success) return parsed.data
  throw usageError(`Cannot read ${place}: it is no entry of an exported audit log`)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON, and so no entry.
    return undefined
  }
}
