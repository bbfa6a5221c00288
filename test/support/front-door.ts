import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IncomingMessage } from 'node:http'
import { thisRuntime } from '../../src/supervisor/runtime.ts'
import type { HostPort } from '../../src/instance.ts'

/** Whoever calls the API by its name, over TLS. */

export interface Asked extends Pick<RequestOptions, 'localAddress' | 'method' | 'path'> {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Place {
  readonly at: HostPort
  readonly name: string
  readonly ca: string
}

/** One request; answers as soon as the answer begins. */
export async function begun({ at, name, ca }: Place, asked: Asked): Promise<IncomingMessage> {
  const { body, headers, ...more } = asked
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const content = body === undefined ? {} : { 'content-type': 'application/json' }
  const sent = request({
    ...more,
    ca,
    agent: false,
    servername: name,
    host: at.host,
    port: at.port,
    headers: { host: `${name}:${at.port}`, ...content, ...headers },
  })
  sent.on('response', resolve).on('error', reject)
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

/** The same with the whole answer. */
export async function answered(place: Place, asked: Asked) {
  const response = await begun(place, asked)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return { status: response.statusCode, headers: response.headers, text }
}

/** A user of the command line on a machine whose `/etc/hosts` has that name: a mount that only its programs see. */
export function userWhere(name: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-user-'))
  const home = join(folder, 'home')
  const hosts = join(folder, 'hosts')
  mkdirSync(home)
  writeFileSync(hosts, `127.0.0.1 localhost ${name}\n`)

  function start(line: string, env: Readonly<Record<string, string>> = {}) {
    const program = [...thisRuntime().command('src/cli/main.ts'), ...line.split(' ')]
    const within = 'mount --bind "$0" /etc/hosts && exec "$@"'
    const child = spawn('unshare', ['--mount', 'sh', '-c', within, hosts, ...program], {
      env: { PATH: process.env['PATH'], HOME: home, ...env },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    }
    return { child, said: () => said }
  }

  return {
    file: (path: string) => join(folder, path),
    start,
    async type(line: string, stdin = '', env: Readonly<Record<string, string>> = {}) {
      const { child, said } = start(line, env)
      child.stdin.end(stdin)
      await once(child, 'close')
      return { code: child.exitCode, said: said() }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
