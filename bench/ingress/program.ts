import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { figuresOf } from '../figures.ts'

/** A server that is started for a bench, and says that it is ready by taking connections. */
export interface Program {
  readonly command: readonly string[]
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
}

export interface RunningProgram extends ReturnType<typeof figuresOf> {
  readonly port: number
  stop(): Promise<void>
}

const READY_MS = 30_000
const LOOK_MS = 20

export async function startProgram(
  { command, port, env }: Program,
  signal: AbortSignal,
): Promise<RunningProgram> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4000)
  })
  await once(child, 'spawn')
  const over = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await over
  }
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)])
  try {
    while (!(await takes(port))) {
      if (child.exitCode !== null) throw new Error(`${file} has ended: ${words}`)
      await pause(LOOK_MS, undefined, { signal: deadline })
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop, ...figuresOf(child.pid ?? 0) }
}

/** Whether somebody takes connections there. */
function takes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
