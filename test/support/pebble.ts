import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { freePort } from '../../bench/api/processes.ts'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { nameServer } from './name-server.ts'
import { until } from './wait.ts'

const PROGRAM = join(import.meta.dirname, '../../tmp/go/pebble')

export interface PebbleWanted {
  /** Hosts that are at 127.0.0.1, as it sees the world. */
  readonly hosts: readonly string[]
  /** Where it looks for challenges. */
  readonly httpPort: number
  readonly tlsPort: number
}

/** Let's Encrypt's own small authority for tests, gone with the test. */
export async function pebble(t: TestContext, { hosts, httpPort, tlsPort }: PebbleWanted) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-pebble-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const signer = await x509Authority().create('Pebble itself', Date.now())
  const [own] = await x509Authority().issue(signer, [['localhost']], Date.now())
  const caFile = file('ca.pem', signer.chain)
  const [port, managementPort] = [await freePort(), await freePort()]
  const config = file(
    'config.json',
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: file('cert.pem', own?.chain ?? ''),
        privateKey: file('key.pem', own?.key ?? ''),
        httpPort,
        tlsPort,
      },
    }),
  )
  const known = Object.fromEntries(hosts.map((host) => [host, '127.0.0.1']))
  const names = await nameServer('127.0.0.1', known, 0)
  t.after(() => names.close())
  const args = ['-strict', '-config', config, '-dnsserver', `127.0.0.1:${names.port}`]
  // It refuses one nonce in five, so that whoever takes no second try fails here.
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' }
  const child = spawn(PROGRAM, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill())
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (said += more))

  const asked = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const answered = request(url, { ca: signer.chain, agent: false })
      answered.on('error', reject).on('response', (response) => resolve(text(response)))
      answered.end()
    })
  const directory = `https://localhost:${port}/dir`
  await until('Pebble answers', () => asked(directory))
  return {
    directory,
    caFile,
    /** What its certificates are trusted by. */
    root: () => asked(`https://localhost:${managementPort}/roots/0`),
    /** What it has logged. */
    said: () => said,
  }
}
