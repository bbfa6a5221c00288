import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import type { Log } from '../log.ts'

export interface ChildWanted {
  readonly name: string
  readonly command: readonly string[]
  /** An own session: what ends the supervisor does not end it. */
  readonly detached: boolean
  readonly stdio: StdioOptions
  /** Called with each new process, before it can have said anything. */
  readonly started?: (child: ChildProcess) => void
  /** Called with an exit that nobody asked for; answers false to leave it so. */
  readonly mayRestart?: (code: number | null) => boolean
}

export interface Child {
  pid(): number | undefined
  /** Sends SIGTERM and, when the time is over, SIGKILL; resolves when it is gone. */
  stop(graceMs: number): Promise<void>
  /** Does not bring it back any more, and leaves it alone. */
  release(): void
}

const FIRST_WAIT_MS = 100
const LAST_WAIT_MS = 10_000
/** A process that has lived this long was well: the next end is a first one again. */
const WELL_MS = 30_000

/** Keeps one process running: what ends is started again, later and later. */
export function keepRunning(wanted: ChildWanted, log: Log): Child {
  let child: ChildProcess | undefined
  let failures = 0
  let over = false
  let timer: NodeJS.Timeout | undefined

  function start(): void {
    const [program = '', ...args] = wanted.command
    const startedAt = performance.now()
    const one = spawn(program, args, { detached: wanted.detached, stdio: wanted.stdio })
    child = one
    one.once('error', (error) =>
      log('error', 'Cannot start a process', { name: wanted.name, error }),
    )
    one.once('close', (code, signal) => ended(performance.now() - startedAt, code, signal))
    wanted.started?.(one)
    log('debug', 'Process started', { name: wanted.name, pid: one.pid })
  }

  function ended(livedMs: number, code: number | null, signal: NodeJS.Signals | null): void {
    child = undefined
    if (over) return
    if (wanted.mayRestart?.(code) === false) return
    failures = livedMs > WELL_MS ? 0 : failures + 1
    const waitMs = failures <= 1 ? 0 : Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 2))
    log('warn', 'Process ended, starting it again', { name: wanted.name, code, signal, waitMs })
    timer = setTimeout(start, waitMs)
  }

  start()
  return {
    pid: () => child?.pid,
    release() {
      over = true
      clearTimeout(timer)
    },
    async stop(graceMs) {
      over = true
      clearTimeout(timer)
      const one = child
      if (!one) return
      const gone = new Promise<void>((resolve) => one.once('close', () => resolve()))
      one.kill('SIGTERM')
      const hard = setTimeout(() => killNow(one), graceMs)
      await gone
      clearTimeout(hard)
    },
  }
}

/**
 * By its id: under Deno a child that has been sent one signal takes no other, and says that it has ended
 * by the first. Only `close` is to be trusted; until then the id is its own.
 */
function killNow({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself, and `close` is on its way.
  }
}
