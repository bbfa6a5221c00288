import { statSync } from 'node:fs'
import { connect, isFile, type Connections, type Place } from './connection.ts'
import { checkWhole, damaged } from './copy.ts'
import { DatabaseError } from './migrated.ts'
import { troubleOf } from './trouble.ts'

/** Up to here the check takes no longer than a start does anyway; a larger one is checked meanwhile. */
const LARGE_BYTES = 16 * 1024 * 1024

export const isLarge = (path: string): boolean => sizeOf(path) > LARGE_BYTES

/** Connects to a database whose pages fit together, as far as that can be told in a moment. */
export async function whole(place: Place): Promise<Connections> {
  if (!isFile(place)) return connect(place)
  let connections: Connections | undefined
  try {
    connections = await connect(place)
    if (!isLarge(place.url.slice('file:'.length))) {
      await checkWhole(connections.writer, 'quick_check')
    }
    return connections
  } catch (error) {
    await connections?.close()
    throw hopeless(error)
  }
}

function hopeless(error: unknown): unknown {
  const isDamaged = error instanceof DatabaseError || troubleOf(error) === 'damaged'
  if (!isDamaged) return error
  const { message } = error instanceof DatabaseError ? error : damaged(error)
  const out = 'stop the platform and put a backup in its place: cloudlet restore <file>'
  return new DatabaseError(`${message}; ${out}`, { cause: error })
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
