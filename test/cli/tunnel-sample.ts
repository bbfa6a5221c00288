/** As the platform hands one out. */
export const tunnelTicket = {
  id: 'x0000000000000aa',
  ticket: 'a-ticket',
  host: '_tunnel.cloud.local',
  ingress: '127.0.0.1:80',
  container: 'c0000000000000aa',
  port: 5432,
  protocol: 'tcp',
  expiresAt: '2026-01-02T03:04:05.000Z',
}
