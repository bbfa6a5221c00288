import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../bench/api/processes.ts'
import { startProgram } from '../../bench/ingress/program.ts'
import { TYPE } from '../../proxy/core/dns-wire.ts'
import { askUdp, question } from '../proxy/dns/client.ts'
import { member, table, world } from '../proxy/dns/world.ts'
import { until } from '../support/wait.ts'

const BIND = '127.0.0.1'
const hello = member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' })
const shop = member({ tenant: 'demo', name: 'shop', address: '127.0.0.3' })

test('BIND keeps a copy of the domain’s zone, and fetches it again when it has changed', async (t) => {
  const { at, dns } = await world(t, {
    table: table([hello]),
    ingress: '192.0.2.7',
    secondaries: [BIND],
  })
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bind-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const port = await freePort()
  const options = [
    `directory "${folder}"; listen-on port ${port} { ${BIND}; }; listen-on-v6 { none; };`,
    'recursion no; pid-file none; session-keyfile none; dnssec-validation no;',
  ]
  const zone = `type secondary; primaries { ${at.host} port ${at.port}; }; file "copy";`
  const file = join(folder, 'named.conf')
  const text = `options { ${options.join(' ')} };\ncontrols { };\nzone "cloud.local" { ${zone} };\n`
  writeFileSync(file, text)
  const command = ['named', '-f', '-n', '1', '-c', file]
  const bind = await startProgram({ command, port }, AbortSignal.timeout(30_000))
  t.after(() => bind.stop())

  const told = async (name: string): Promise<readonly string[]> =>
    (await askUdp({ host: BIND, port }, { name, type: TYPE.A }, BIND)).answers
  const isTold = async (name: string): Promise<boolean> => (await told(name)).length === 1
  await until('the copy is there', () => isTold('hello.demo.cloud.local'))
  assert.deepEqual(await told('hello.demo.cloud.local'), ['hello.demo.cloud.local 1 192.0.2.7'])
  assert.deepEqual(await told('shop.demo.cloud.local'), [])

  dns.update({ ...table([hello, shop]), version: 2 }, [])
  await notify({ host: at.host, port })
  await until('the copy is new', () => isTold('shop.demo.cloud.local'))
  assert.ok(dns.counters().transfers >= 2)
})

/** Tells a secondary that it may look now rather than in a minute (RFC 1996). */
async function notify({ host, port }: { host: string; port: number }): Promise<void> {
  const packet = question({ name: 'cloud.local', type: TYPE.SOA })
  packet.writeUInt16BE(0x2400, 2)
  const socket = createSocket('udp4')
  socket.bind(0, host)
  await once(socket, 'listening')
  socket.send(packet, port, BIND)
  await once(socket, 'message')
  socket.close()
}
