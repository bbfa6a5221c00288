import { openTunnel, type At, type ClientTunnel } from '../../../proxy/tunnel/client.ts'
import type { TunnelTicket } from '../../contract/tunnels.ts'

export interface TunnelLineDeps {
  readonly ticket: () => Promise<TunnelTicket>
  readonly at: (ticket: TunnelTicket) => Promise<At>
  readonly signal: AbortSignal
  /** The tunnel has ended although nobody here wanted it. */
  readonly lost: (reason: string) => void
}

/**
 * A tunnel that is there when it is needed: opened with the first connection, and again with the next
 * one after it was lost. While it lasts nobody asks the API for anything.
 */
export function tunnelLine({ ticket, at, signal, lost }: TunnelLineDeps) {
  let current: Promise<ClientTunnel> | undefined

  async function opened(): Promise<ClientTunnel> {
    const given = await ticket()
    return openTunnel({
      at: await at(given),
      host: given.host,
      ticket: given.ticket,
      signal,
      over(reason) {
        current = undefined
        if (!signal.aborted) lost(reason)
      },
    })
  }

  return (): Promise<ClientTunnel> => {
    current ??= opened().catch((error: unknown) => {
      // The next connection tries anew.
      current = undefined
      throw error
    })
    return current
  }
}
export type TunnelLine = ReturnType<typeof tunnelLine>
