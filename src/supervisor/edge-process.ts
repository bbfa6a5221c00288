import { globSync } from 'node:fs'
import { createConnection } from 'node:net'
import { readLines, writeLine } from '../../proxy/link-lines.ts'
import type { EdgeRole, FromEdge, ToEdge } from '../../proxy/link.ts'
import type { Log } from '../log.ts'
import { keepRunning, type Child } from './child.ts'

export interface EdgeProcessWanted {
  readonly role: EdgeRole
  readonly socket: string
  readonly command: readonly string[]
  /** How often it is looked at whether it still moves; tests look more often. */
  readonly look?: Look
  /** Whether a new process can listen beside an old one. If not, the old one goes first. */
  readonly overlaps: boolean
}

interface Look {
  readonly everyMs: number
  /** How long one greeting may take. */
  readonly deadlineMs: number
  /** So many greetings in a row that did not come, after the first. */
  readonly most: number
  /** How long a process may take to greet for the first time. */
  readonly startMs: number
}

const LOOK: Look = { everyMs: 2_000, deadlineMs: 3_000, most: 3, startMs: 60_000 }
/** How long an edge of an earlier supervisor may finish what it had when the new one took over. */
const HANDOVER_GRACE_MS = 30_000
const HELLO_MS = 500
const READY_MS = 10_000
const LOOK_EVERY_MS = 20

/**
 * Starts one edge process and keeps it running. One that has outlived an earlier supervisor serves until
 * the new one listens beside it, then it drains: no request finds nobody.
 */
export async function startEdge(wanted: EdgeProcessWanted, log: Log): Promise<Child> {
  const { role, socket, command } = wanted
  const old = await openLink(socket)
  if (old && !wanted.overlaps) {
    old.send({ type: 'drain', graceMs: 0 })
    await old.closed
  }
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const kept = { name: role, command, detached: true, stdio: [...stdio] }
  const child = watched(keepRunning(kept, log), wanted, log)
  await serving(wanted, old?.pid)
  if (old && wanted.overlaps) {
    log('info', 'An edge process of an earlier start drains', { role, pid: old.pid })
    old.send({ type: 'drain', graceMs: HANDOVER_GRACE_MS })
  }
  return child
}

/** The process that was there at the last look. */
interface Seen {
  readonly pid: number | undefined
  /** When it was seen for the first time. */
  readonly atMs: number
  hasGreeted: boolean
}

/**
 * Ends a process that is there and does nothing: one that does not greet whoever comes, for several looks on
 * end, has stood still for longer than any load explains. What is ended is started again, and has its time to
 * come up: whoever was ended while it starts would never come up.
 */
function watched(child: Child, { role, socket, look = LOOK }: EdgeProcessWanted, log: Log): Child {
  let silent = 0
  let seen: Seen = { pid: undefined, atMs: 0, hasGreeted: false }
  let isLooking = false

  async function see(): Promise<void> {
    const pid = child.pid()
    const link = await openLink(socket, look.deadlineMs)
    link?.end()
    const nowMs = performance.now()
    if (seen.pid !== pid) {
      silent = 0
      seen = { pid, atMs: nowMs, hasGreeted: false }
    }
    seen.hasGreeted ||= link !== undefined && link.pid === pid
    const isStarting = !seen.hasGreeted && nowMs - seen.atMs < look.startMs
    silent = link === undefined && !isStarting ? silent + 1 : 0
    if (silent <= look.most || pid === undefined || pid !== child.pid()) return
    silent = 0
    log('error', 'An edge process stands still, and is ended', { role, pid })
    process.kill(pid, 'SIGKILL')
  }

  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    void see().finally(() => (isLooking = false))
  }, look.everyMs).unref()
  return {
    pid: () => child.pid(),
    release() {
      clearInterval(timer)
      child.release()
    },
    stop(graceMs) {
      clearInterval(timer)
      return child.stop(graceMs)
    },
  }
}

/** Resolves when a process other than the old one answers on the socket. */
async function serving(
  { role, socket }: EdgeProcessWanted,
  oldPid: number | undefined,
): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (performance.now() < deadline) {
    // It is waited for
    const link = await openLink(socket)
    link?.end()
    if (link && link.pid !== oldPid) return
    // It is waited for
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error(`The edge process "${role}" does not come up`)
}

/** Ends whatever edge processes an earlier supervisor has left in that folder. */
export async function drainEdge(folder: string): Promise<void> {
  const sockets = globSync('*.sock', { cwd: folder })
  const ending = sockets.map(async (name) => {
    const link = await openLink(`${folder}/${name}`)
    link?.send({ type: 'drain', graceMs: 0 })
    await link?.closed
  })
  await Promise.all(ending)
}

interface OpenLink {
  readonly pid: number
  readonly closed: Promise<void>
  send(message: ToEdge): void
  end(): void
}

/** Connects to an edge process; undefined where none is behind the path. */
function openLink(path: string, deadlineMs = HELLO_MS): Promise<OpenLink | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ path })
    const closed = new Promise<void>((done) => socket.once('close', () => done()))
    const silent = setTimeout(() => socket.destroy(), deadlineMs)
    socket.on('error', () => undefined) // `close` follows, and is what counts.
    void closed.then(() => resolve(undefined))
    readLines(socket, (message) => {
      // Only our own processes can open that folder.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const said = message as FromEdge
      if (said.type !== 'hello') return
      clearTimeout(silent)
      resolve({
        pid: said.pid,
        closed,
        send: (told) => writeLine(socket, told),
        end: () => void socket.destroy(),
      })
    })
  })
}
