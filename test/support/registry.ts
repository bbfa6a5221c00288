import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const START_MS = 20_000
export const USER = { username: 'tester', password: 'secret' }
/** bcrypt of that password: the only hash that the registry reads, and nothing here can make. */
const HTPASSWD = `${USER.username}:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n`

/** A registry of its own on a free port of 127.0.0.1, which engines trust without TLS. */
export async function registry({ locked = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host },
    ...(locked && { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } }),
  }
  writeFileSync(join(folder, 'htpasswd'), HTPASSWD)
  // YAML reads JSON.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  const ended = once(child, 'exit')

  async function close(): Promise<void> {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    await answering(`http://${host}/v2/`)
  } catch (error) {
    await close()
    throw error
  }
  return { host, close }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || !address) throw new Error('Cannot find a free port')
  return address.port
}

async function answering(url: string): Promise<void> {
  const signal = AbortSignal.timeout(START_MS)
  for (;;) {
    const answer = await fetch(url, { signal }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer) return
    await pause(20, undefined, { signal })
  }
}
