import type { Socket } from 'node:net'
import type { Ingress } from '../../../proxy/ingress/ingress.ts'
import { until } from '../ingress/kit.ts'
import type { RawClient } from '../ingress/kit.ts'

/** How bytes are cut on their way: what they mean must not depend on it. */
export type Split =
  | { readonly kind: 'whole' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'at'; readonly position: number }

export const WHOLE: Split = { kind: 'whole' }
export const BYTES: Split = { kind: 'bytes' }

/** Of a long text only this many bytes at both ends go one by one. */
const SINGLE_BYTES = 1024

export function piecesOf(text: string, split: Split): readonly string[] {
  if (split.kind === 'whole') return [text]
  if (split.kind === 'at') return [text.slice(0, split.position), text.slice(split.position)]
  if (text.length <= 2 * SINGLE_BYTES) return Array.from(text)
  return [
    ...Array.from(text.slice(0, SINGLE_BYTES)),
    text.slice(SINGLE_BYTES, -SINGLE_BYTES),
    ...Array.from(text.slice(-SINGLE_BYTES)),
  ]
}

interface Speaking {
  readonly client: RawClient
  readonly edge: Ingress
}

/** Says it piece by piece, each in a read of its own. */
export async function say({ client, edge }: Speaking, text: string, split: Split): Promise<void> {
  const before = edge.counters().connections
  await until(
    () => edge.counters().connections > before,
    () => 'a connection',
  )
  await turn()
  await writePieces(client.socket, piecesOf(text, split), () => client.isClosed)
}

export async function writePieces(
  socket: Socket,
  pieces: readonly string[],
  isOver: () => boolean,
): Promise<void> {
  for (const piece of pieces) {
    if (isOver()) return
    socket.write(piece, 'latin1')
    await turn()
  }
}

/** In one turn of the loop the other side has read what was written: both are in this process. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
