/**
 * Zones that a responder answers by itself, since nobody outside can know them, and asking would only
 * tell strangers what is used in here. All of them are empty but `localhost`.
 */
export const LOCAL_ZONES: readonly string[] = [
  // Reserved by ICANN for private use (resolution 2024.07.29.06), whatever our own domain is called.
  'internal',
  // RFC 6761 §6.4; RFC 6762 §22.1 (mDNS); RFC 7686 §2; RFC 8375 §4; RFC 9476 §3.1.
  'invalid',
  'local',
  'onion',
  'home.arpa',
  'alt',
  // RFC 6303 §4.1, §4.2: private, "this network", loopback, link local, documentation, broadcast.
  '10.in-addr.arpa',
  ...range(16, 31).map((n) => `${n}.172.in-addr.arpa`),
  '168.192.in-addr.arpa',
  '0.in-addr.arpa',
  '127.in-addr.arpa',
  '254.169.in-addr.arpa',
  '2.0.192.in-addr.arpa',
  '100.51.198.in-addr.arpa',
  '113.0.203.in-addr.arpa',
  '255.255.255.255.in-addr.arpa',
  // RFC 7793 §2: shared address space of providers.
  ...range(64, 127).map((n) => `${n}.100.in-addr.arpa`),
  // RFC 6303 §4.3 to §4.6: unspecified, loopback, unique local, link local, documentation.
  `${'0.'.repeat(32)}ip6.arpa`,
  `1.${'0.'.repeat(31)}ip6.arpa`,
  'd.f.ip6.arpa',
  ...['8', '9', 'a', 'b'].map((n) => `${n}.e.f.ip6.arpa`),
  '8.b.d.0.1.0.0.2.ip6.arpa',
]

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
