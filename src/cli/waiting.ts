import { isOver, operationError, settled } from '../client/operation.ts'
import type { Operation } from '../contract/operations.ts'
import type { Given } from './arguments.ts'
import type { Context } from './context.ts'
import { CommandError, EXIT } from './exit.ts'
import { visible } from './text.ts'
import { secondsOf } from './units.ts'

const DEFAULT_TIMEOUT_SECONDS = 600
/** A timer holds at most 2^31 - 1 milliseconds. */
const LONGEST_TIMEOUT_SECONDS = 2_000_000
/** On a terminal somebody looks on, so progress is asked for often. */
const STEP_SECONDS = { terminal: 1, other: 30 }

export interface Awaited {
  /** null: an operation that is asked of the platform. */
  readonly tenant: string | null
  readonly operation: Operation
  readonly timeoutMs: number
}

export function timeoutMs(given: Given): number {
  const text = given.text('timeout')
  const seconds = text === null ? DEFAULT_TIMEOUT_SECONDS : secondsOf(text, '--timeout')
  return Math.min(seconds, LONGEST_TIMEOUT_SECONDS) * 1000
}

/**
 * Waits until an operation has succeeded, with its progress on a terminal. A failed one throws the
 * failure; when time is up, or at Ctrl-C, the operation goes on, and the error says how to follow it.
 */
export async function succeeded(context: Context, awaited: Awaited): Promise<Operation> {
  const operation = await ended(context, awaited)
  if (operation.state !== 'succeeded') throw operationError(operation)
  return operation
}

async function ended(context: Context, awaited: Awaited): Promise<Operation> {
  const { operation, tenant } = awaited
  if (isOver(operation)) return operation
  const { world } = context
  const late = AbortSignal.timeout(awaited.timeoutMs)
  const line = progressLine(context)
  try {
    return await settled(await context.api(), {
      tenant,
      id: operation.id,
      stepSeconds: world.stderr.isTty ? STEP_SECONDS.terminal : STEP_SECONDS.other,
      onProgress: line.show,
      now: () => world.now().getTime(),
      signal: AbortSignal.any([late, world.signal]),
    })
  } catch (error) {
    const where = tenant === null ? '--admin' : `--tenant ${tenant}`
    const follow = `Follow it: cloudlet ops wait ${operation.id} ${where}`
    if (world.signal.aborted) {
      const message = `Stopped waiting; operation ${operation.id} goes on`
      throw new CommandError(EXIT.interrupted, message, follow)
    }
    if (!late.aborted) throw error
    const seconds = Math.round(awaited.timeoutMs / 1000)
    const message = `Cannot wait longer than ${seconds} s; operation ${operation.id} goes on`
    throw new CommandError(EXIT.unfinished, message, follow)
  } finally {
    line.clear()
  }
}

/** One line on stderr that is written over, and only on a terminal. */
function progressLine({ world: { stderr } }: Context) {
  let isShown = false
  const put = (text: string): void => {
    // Not waited for: progress that comes late is progress that nobody needs.
    void stderr.write(`\r\u001b[2K${text}`)
  }
  return {
    show: ({ target, step, progress, state }: Operation): void => {
      if (!stderr.isTty || isOver({ state })) return
      isShown = true
      put(visible(`${target.name}: ${step ?? state} ${progress} %`))
    },
    clear: (): void => {
      if (isShown) put('')
    },
  }
}
