import { setTimeout as pause } from 'node:timers/promises'

const EVERY_MS = 20

/**
 * Asks until the answer is something, and gives that. What never comes fails with its name and, if the
 * last question failed, with the reason.
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = undefined
    } catch (error) {
      last = error
    }
    await pause(EVERY_MS)
  }
  throw new Error(`Waited ${withinMs} ms in vain: ${what}`, { cause: last })
}
