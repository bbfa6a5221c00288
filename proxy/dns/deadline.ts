import { clearTimeout, setTimeout } from 'node:timers'

/**
 * A signal that comes after some time or with another one. Not `AbortSignal.any`: a signal as old as
 * the process would gather what was made from it.
 */
export function deadline(ms: number, outer: AbortSignal) {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, ms)
  outer.addEventListener('abort', abort)
  if (outer.aborted) abort()
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      clearTimeout(timer)
      outer.removeEventListener('abort', abort)
    },
  }
}
