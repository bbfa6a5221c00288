/** Numbers of the protocol (RFC 1035 §4.1.1, §3.2.2; RFC 6891; RFC 2782). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const CLASS_IN = 1

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Its upper bits travel in the OPT record (RFC 6891 §6.1.3). */
  BADVERS: 16,
} as const

/** Why there is no better answer, for those who look (RFC 8914 §4, §5.2). */
export const REASON = {
  NONE: 0,
  STALE: 3,
  NOT_READY: 14,
  FILTERED: 17,
  PROHIBITED: 18,
  NO_REACHABLE_AUTHORITY: 22,
} as const

export const HEADER_BYTES = 12
export const OPT_BYTES = 11

/** Second 16 bits of the header. */
export const FLAG = {
  QR: 0x8000,
  OPCODE: 0x7800,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  CD: 0x0010,
} as const

/** Of an OPT record's TTL field. */
export const FLAG_DO = 0x8000

/** What fits into a datagram without EDNS (RFC 1035 §4.2.1), and what survives with it (RFC 9715 §3). */
export const UDP_PLAIN_BYTES = 512
export const UDP_EDNS_BYTES = 1232

export const MESSAGE_BYTES_MAX = 65535

/** What an offset is marked with, where a name goes on elsewhere (RFC 1035 §4.1.4). */
export const POINTER = 0xc000
/** A pointer to the question's name, which always begins right after the header. */
export const POINTER_TO_QUESTION = POINTER | HEADER_BYTES
