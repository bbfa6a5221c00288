/**
 * Nobody's to send to from a container: this network, loopback, link-local with the metadata service,
 * shared and private ranges, multicast and reserved (IANA IPv4 Special-Purpose Address Registry).
 */
export const SPECIAL_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
] as const
