import { AnswerError, UnreachableError } from './api-error.ts'

/** A page of a thousand containers with everything that a spec may hold stays well below. */
const DOCUMENT_LIMIT_BYTES = 64 * 1024 * 1024
/** A log line has at most 16 KiB, which JSON can make six times as long. */
const LINE_LIMIT_CHARS = 1024 * 1024

/** The whole body as text; more than any answer of the platform could hold is refused. */
export async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  let bytes = 0
  for await (const chunk of chunks(response.body)) {
    bytes += chunk.byteLength
    if (bytes > DOCUMENT_LIMIT_BYTES)
      throw new AnswerError('Cannot read the answer: it is too long')
    parts.push(decoder.decode(chunk, { stream: true }))
  }
  parts.push(decoder.decode())
  return parts.join('')
}

/**
 * The lines of a body, without the blank ones, which only keep a quiet connection alive. The next
 * chunk is read when the lines of the one before have been taken, so that a slow reader slows the sender.
 */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of chunks(response.body)) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n')
    pending = lines.pop() ?? ''
    if (pending.length > LINE_LIMIT_CHARS)
      throw new AnswerError('Cannot read a line: it is too long')
    for (const line of lines) if (line.trim() !== '') yield line
  }
  const last = pending + decoder.decode()
  if (last.trim() !== '') yield last
}

/** Not `for await` over the body itself, because not every browser's streams can do that. */
async function* chunks(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  let ended = false
  try {
    while (!ended) {
      // oxlint-disable-next-line no-await-in-loop -- each chunk comes after the one before
      const { done, value } = await reader.read()
      ended = done
      if (value !== undefined) yield value
    }
  } catch (error) {
    ended = true // A broken body has nothing left to cancel.
    throw new UnreachableError('Cannot read the answer to its end: the connection broke', {
      cause: error,
    })
  } finally {
    // Who stops taking early lets go of the connection; that it can be broken already is no news.
    if (!ended) await reader.cancel().catch(() => undefined)
  }
}
