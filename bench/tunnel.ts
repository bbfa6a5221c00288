import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { spawn } from 'node:child_process'
import { getContainer } from '../src/contract/containers.ts'
import { forward } from '../test/support/forward.ts'
import { startPlatform, type Platform } from '../test/support/platform.ts'
import { freePort } from '../test/support/registry.ts'
import { DEMO_IMAGE, newTenant } from '../test/support/tenant.ts'
import { until } from '../test/support/wait.ts'
import type { BenchOptions } from './create.ts'
import type { Report, Row } from './report.ts'
import { summaryOf } from './statistics.ts'

const MIB = 1024 * 1024
const SIZES = { whole: 1024 * MIB, quick: 128 * MIB }
const WARM_UP_BYTES = 64 * MIB
const ROUNDS = 3
const DIRECTIONS = ['down', 'up'] as const
type Direction = (typeof DIRECTIONS)[number]

/**
 * One stream of bytes between a program here and one in a container, through `cloudlet port-forward`,
 * against a plain relay between the same two. They take turns; what is told is MiB a second.
 */
export async function benchTunnel({ quick, signal }: BenchOptions): Promise<Report> {
  const size = quick ? SIZES.quick : SIZES.whole
  const platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_LOG_LEVEL: 'warn' })
  try {
    const sides = await bothSides(platform)
    try {
      return reportOf(await turns(sides.ports, size, signal), size)
    } finally {
      await sides.close()
    }
  } finally {
    await platform.remove()
  }
}

/** Sends as many bytes as it is told in the first eight, or counts so many and says when it has them. */
const SERVER = `
const { createServer } = require('node:net')
const block = Buffer.alloc(65536, 7)
createServer({ allowHalfOpen: true }, (socket) => {
  let [order, left] = [undefined, 0]
  socket.setNoDelay(true)
  socket.on('error', () => {})
  const send = () => {
    while (left > 0) {
      const bytes = left < block.length ? block.subarray(0, left) : block
      left -= bytes.length
      if (!socket.write(bytes)) return
    }
    socket.end()
  }
  socket.on('drain', () => order === 'down' && send())
  socket.on('data', (bytes) => {
    if (order === undefined) {
      order = bytes[0] === 1 ? 'down' : 'up'
      left = bytes.readUIntBE(1, 6)
      if (order === 'down') return send()
      bytes = bytes.subarray(7)
    }
    left -= bytes.length
    if (order === 'up' && left <= 0) socket.end('k')
  })
}).listen(7001)
`

const SIDES = ['cloudlet', 'socat'] as const
type Side = (typeof SIDES)[number]
type Ports = Readonly<Record<Side, number>>

async function bothSides(platform: Platform) {
  const tenant = await newTenant(platform, 'bench')
  const { id } = await tenant.run({
    name: 'server',
    image: DEMO_IMAGE,
    command: ['/usr/local/bin/node', '-e', SERVER],
    healthCheck: { type: 'none' },
    cpuMilli: 2000,
  })
  const params = { tenant: 'bench', container: id }
  const { addresses } = await tenant.api.call(getContainer, { params })
  const relayPort = await freePort()
  const target = `TCP:${addresses[0]?.address}:7001`
  const listen = `TCP-LISTEN:${relayPort},bind=127.0.0.1,reuseaddr,fork`
  const relay = spawn('socat', [listen, target], { stdio: 'ignore' })
  await once(relay, 'spawn')
  const tunnel = await forward(platform, {
    tenant: 'bench',
    apiKey: tenant.apiKey,
    words: ['server', ':7001'],
  })
  const ports: Ports = { cloudlet: tunnel.port, socat: relayPort }
  await until('the relay listens', async () => (await carried(ports.socat, 'down', 1)) >= 0)
  return {
    ports,
    async close(): Promise<void> {
      await tunnel.end()
      const gone = once(relay, 'exit')
      relay.kill('SIGTERM')
      await gone
    },
  }
}

type Rates = Record<Side, Record<Direction, number[]>>

async function turns(ports: Ports, size: number, signal: AbortSignal): Promise<Rates> {
  const rates: Rates = { cloudlet: { down: [], up: [] }, socat: { down: [], up: [] } }
  const ways = DIRECTIONS.flatMap((way) => SIDES.map((side) => ({ way, side })))
  // Warms up what has to be compiled.
  for (const { way, side } of ways) await carried(ports[side], way, WARM_UP_BYTES)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { way, side } of ways) {
      signal.throwIfAborted()
      rates[side][way].push(size / MIB / (await carried(ports[side], way, size)))
    }
  }
  return rates
}

const BLOCK = randomBytes(64 * 1024)

/** How long so many bytes take, from the order to the last of them. */
async function carried(port: number, direction: Direction, size: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  const order = Buffer.alloc(7)
  order[0] = direction === 'down' ? 1 : 2
  order.writeUIntBE(size, 1, 6)
  const begun = performance.now()
  socket.write(order)
  let received = 0
  socket.on('data', (bytes: Buffer) => (received += bytes.length))
  const ended = once(socket, 'end')
  for (let left = direction === 'up' ? size : 0; left > 0; left -= BLOCK.length) {
    const bytes = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
    if (!socket.write(bytes)) await once(socket, 'drain')
  }
  await ended
  const seconds = (performance.now() - begun) / 1000
  socket.end()
  const expected = direction === 'down' ? size : 1
  if (received !== expected) throw new Error(`Received ${received} bytes, expected ${expected}`)
  return seconds
}

function reportOf(rates: Rates, size: number): Report {
  const [cloudlet, socat] = [summaryOf(rates.cloudlet.down), summaryOf(rates.socat.down)]
  const [up, socatUp] = [summaryOf(rates.cloudlet.up), summaryOf(rates.socat.up)]
  const rows: readonly Row[] = [
    { label: 'cloudlet: from the container', summary: cloudlet },
    { label: 'socat: from the container', summary: socat },
    { label: 'cloudlet: to the container', summary: up },
    { label: 'socat: to the container', summary: socatUp },
  ]
  return {
    bench: 'tunnel',
    title: `One stream of ${size / MIB} MiB through a tunnel, in MiB a second`,
    rows,
    cloudlet,
    peers: { socat },
    cases: { up, 'up-socat': socatUp, 'up-ratio': up.median / socatUp.median },
  }
}
