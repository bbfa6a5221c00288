import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { rawBackend, until } from '../ingress/kit.ts'
import { readRequest } from './canonical.ts'
import type { ResponseCase } from './case.ts'
import { piecesOf, writePieces } from './pieces.ts'
import type { Split } from './pieces.ts'

/** What the member says to every request but the first. */
export const NEXT = 'next'

/** A member that says to the first request what a case wants, and is well-behaved afterwards. */
export interface Talker {
  readonly port: number
  /** Takes the next request for a first one again. A reset waits until what was said before it is `heard`. */
  readonly prepare: (script: Script) => void
  /** All of it is said. */
  readonly hasSaid: () => boolean
  /** The connection on which it was said is gone. */
  readonly isGivenUp: () => boolean
  /** Whether the last request came on that connection. */
  readonly isReused: () => boolean
}

interface Script {
  readonly one: ResponseCase
  readonly split: Split
  readonly heard: () => boolean
}

export async function talker(t: TestContext): Promise<Talker> {
  let script: Script | null = null
  let said = false
  let first: Socket | null = null
  let last: Socket | null = null
  const { port } = await rawBackend(t, (socket) => {
    let text = ''
    socket.setNoDelay(true)
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
      const isWhole = readRequest(text, 0) !== null
      if (!isWhole && !(script?.one.early === true && text.includes('\r\n\r\n'))) return
      text = ''
      last = socket
      if (script === null) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}`)
        return
      }
      first = socket
      const present = script
      script = null
      void speak(socket, present).then(() => (said = true))
    })
    socket.on('end', () => socket.end())
  })
  return {
    port,
    prepare: (wanted) => {
      script = wanted
      said = false
    },
    hasSaid: () => said,
    isGivenUp: () => first?.destroyed === true,
    isReused: () => last === first,
  }
}

async function speak(socket: Socket, { one, split, heard }: Script): Promise<void> {
  await writePieces(socket, piecesOf(one.said, split), () => socket.destroyed)
  if (one.after === 'ends') socket.end()
  if (one.after !== 'resets') return
  // It may overtake what was written.
  await until(heard, () => 'what comes before the reset')
  socket.resetAndDestroy()
}
