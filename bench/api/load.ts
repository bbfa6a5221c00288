import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from './connection.ts'

/** As many requests as the server can answer: each connection asks anew as soon as it was answered. */
export async function rate(
  connections: readonly Connection[],
  request: (index: number) => Buffer,
  durationMs: number,
): Promise<number> {
  const begun = performance.now()
  const end = begun + durationMs
  let index = 0
  let answered = 0
  await Promise.all(
    connections.map(async (one) => {
      while (performance.now() < end) {
        await one.ask(request(index++))
        answered++
      }
    }),
  )
  return (answered * 1000) / (performance.now() - begun)
}

export interface Fixed {
  readonly perSecond: number
  readonly durationMs: number
}

/**
 * Requests at a fixed rate, whatever the server does; answers how long each took from when it was due.
 * Counted from when it was sent, a server that stalls would seem to have made nobody wait.
 */
export async function latencies(
  connections: readonly Connection[],
  request: (index: number) => Buffer,
  { perSecond, durationMs }: Fixed,
): Promise<number[]> {
  const count = Math.round((perSecond * durationMs) / 1000)
  const begun = performance.now()
  const times: number[] = []
  let next = 0
  await Promise.all(
    connections.map(async (one) => {
      while (next < count) {
        const index = next++
        const due = begun + (index * 1000) / perSecond
        const early = due - performance.now()
        if (early > 0) await pause(early)
        // A timer may ring a little early.
        const from = Math.min(due, performance.now())
        await one.ask(request(index))
        times.push(performance.now() - from)
      }
    }),
  )
  return times
}
