import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { HostPort } from '../instance.ts'

export interface Process {
  readonly pid: number
  readonly command: string
}

/** True where nothing listens on that address, for TCP. */
export const isFreeTcp = ({ host, port }: HostPort): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })

export const isFreeUdp = ({ host, port }: HostPort): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', () => resolve(false))
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(true)))
  })

/** A port that is free now, for those who asked for port 0. */
export const anyFreePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port: 0 }, () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })

/** Which processes hold the port, read from /proc (proc_net(5)); several where it is shared. */
export function holdersOf(port: number): Process[] {
  const inodes = new Set(
    ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) => socketsOn(port, `/proc/net/${table}`)),
  )
  return pids().flatMap((pid) => (holds(pid, inodes) ? [{ pid, command: commandOf(pid) }] : []))
}

const LISTENING = '0A'
const UNCONNECTED = '07'

function socketsOn(port: number, path: string): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = textOf(path).split('\n').slice(1)
  return lines.flatMap((line) => {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
    const listens = state === LISTENING || state === UNCONNECTED
    return listens && local.endsWith(`:${hex}`) ? [`socket:[${inode}]`] : []
  })
}

const pids = (): number[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/** Processes come and go while they are looked at: one that is gone holds nothing. */
function holds(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

const commandOf = (pid: number): string =>
  textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
