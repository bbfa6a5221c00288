import type { Trouble } from '../core/http-page.ts'

/** What who asks for a tunnel is told. */

const NEW_TICKET = 'Ask the API for another ticket, and show it within 30 seconds'

export const noHandshake = (): Trouble => ({
  status: 400,
  code: 'bad-request',
  wrong: 'Tunnels are opened with a WebSocket handshake, and this is none',
  advice: 'Use "cloudlet port-forward"',
})

export const ticketRefused = (reason: string): Trouble => ({
  status: 401,
  code: 'ticket-refused',
  wrong: `The ticket is not accepted: ${reason}`,
  advice: NEW_TICKET,
})

export const tunnelRefused = (reason: string): Trouble => ({
  status: 409,
  code: 'tunnel-refused',
  wrong: `The tunnel cannot be opened: ${reason}`,
  advice: 'Look at the state of the container',
})

export const tooManyTunnels = (reason: string): Trouble => ({
  status: 503,
  code: 'busy',
  wrong: `The tunnel cannot be opened: ${reason}`,
  advice: 'Close one of them',
  retryAfterS: 5,
})

export const notReady = (): Trouble => ({
  status: 503,
  code: 'starting',
  wrong: 'The ingress does not know yet whose tickets are good',
  advice: 'Wait a moment and try again',
  retryAfterS: 1,
})
