/** Response codes; those above 15 need an OPT record. @see https://www.iana.org/assignments/dns-parameters */
export const rcodes = {
  noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5, badVersion: 16, badCookie: 23,
} as const

/** Types of records, as numbers, for queries come with any. */
export const types = {
  A: 1, NS: 2, CNAME: 5, SOA: 6, HINFO: 13, MX: 15, TXT: 16, AAAA: 28, SRV: 33, DS: 43, SSHFP: 44, TLSA: 52, HTTPS: 65, CAA: 257,
  OPT: 41, IXFR: 251, AXFR: 252, ANY: 255,
} as const

export const classes = { IN: 1 } as const

const names: ReadonlyMap<number, string> = new Map(Object.entries(types).map(([name, type]) => [type, name]))

/** For metrics and messages: types that the zone has no use for share one word, for a forger can ask for all 65,536. */
export function typeName(type: number): string {
  return names.get(type) ?? 'other'
}

/** Bytes of a message's header. */
export const headerBytes = 12

/** Bits of the header's second 16. */
export const flags = { response: 0x8000, opcode: 0x7800, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100 } as const
