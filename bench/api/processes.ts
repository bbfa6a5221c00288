import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { figuresOf } from '../figures.ts'

/** A server in a process of its own, and what the kernel knows of it. */
export interface ServerProcess {
  /** What it said when it was ready. */
  readonly said: unknown
  /** Processor time it has used so far, in seconds. */
  cpuSeconds(): number
  residentMib(): number
  /** What it holds alone, and its share of what it shares with others. */
  proportionalMib(): number
  stop(): Promise<void>
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>
}

export interface Program {
  /** A file beside this one. */
  readonly file: string
  readonly args: readonly string[]
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const READY_MS = 120_000

/** Starts a program and waits until it says that it is ready. */
export async function startServer(
  { file, args, flags, env }: Program,
  signal: AbortSignal,
): Promise<ServerProcess> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = fork(path, args, { execArgv: [...flags], env: { ...process.env, ...env } })
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start ${file}`)
  try {
    const said = await firstWord(child, AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]))
    return { said, ...figuresOf(pid), stop: () => stop(child), ended: () => ended(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

async function firstWord(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  const early = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`It ended before it was ready, with ${String(code)}`)
  })
  const [said] = await Promise.race([once(child, 'message', { signal }), early])
  early.catch(() => undefined)
  return said
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function stop(child: ChildProcess): Promise<void> {
  const over = ended(child)
  child.kill('SIGKILL')
  await over
}

/** Asked of the kernel, and free again: the server that is to have it takes it a moment later. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
