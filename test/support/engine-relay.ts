import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface EngineRelay {
  /** The socket to give to a platform instead of the engine's own. */
  readonly path: string
  /** Ends every connection, and takes no new one. */
  cut(): Promise<void>
  open(): Promise<void>
  remove(): Promise<void>
}

/** A Unix socket that passes on to the engine's, until a test cuts it: an engine that is away. */
export async function engineRelay(engine: string): Promise<EngineRelay> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-relay-'))
  const path = join(folder, 'engine.sock')
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = createConnection({ path: engine, allowHalfOpen: true })
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })

  async function open(): Promise<void> {
    if (server.listening) return
    rmSync(path, { force: true })
    server.listen(path)
    await once(server, 'listening')
  }

  async function cut(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  const direct = (): void => {
    rmSync(path, { force: true })
    symlinkSync(engine, path)
  }
  // What cleans up when this process ends runs while nothing can be passed on any more.
  process.once('exit', direct)
  await open()
  return {
    path,
    cut,
    open,
    async remove() {
      process.off('exit', direct)
      await cut()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
