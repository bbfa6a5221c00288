import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { rawBackend } from '../ingress/kit.ts'
import { readRequest } from './canonical.ts'
import type { ResponseCase } from './case.ts'
import { piecesOf, turn, writePieces } from './pieces.ts'
import type { Split } from './pieces.ts'

/** What the member says to every request but the first. */
export const NEXT = 'next'

/** A member that says to the first request what a case wants, and is well-behaved afterwards. */
export interface Talker {
  readonly port: number
  /** Takes the next request for a first one again. */
  readonly prepare: (one: ResponseCase, split: Split) => void
  /** All of it is said. */
  readonly hasSaid: () => boolean
  /** The connection on which it was said is gone. */
  readonly isGivenUp: () => boolean
  /** Whether the last request came on that connection. */
  readonly isReused: () => boolean
}

export async function talker(t: TestContext): Promise<Talker> {
  let script: { readonly one: ResponseCase; readonly split: Split } | null = null
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
      const { one, split } = script
      script = null
      void speak(socket, one, split).then(() => (said = true))
    })
    socket.on('end', () => socket.end())
  })
  return {
    port,
    prepare: (one, split) => {
      script = { one, split }
      said = false
    },
    hasSaid: () => said,
    isGivenUp: () => first?.destroyed === true,
    isReused: () => last === first,
  }
}

async function speak(socket: Socket, one: ResponseCase, split: Split): Promise<void> {
  await writePieces(socket, piecesOf(one.said, split), () => socket.destroyed)
  if (one.after === 'ends') socket.end()
  if (one.after !== 'resets') return
  // What was written is read before the reset, which may overtake it.
  await turn()
  socket.resetAndDestroy()
}
