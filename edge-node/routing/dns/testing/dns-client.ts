import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type Packet, type PacketOpt, type Question } from 'dns-packet'

const recursionDesired = 1 << 8

/** A query as bytes; `more` replaces parts of it. */
export function query(name: string, type = 'A', more: Packet = {}): Buffer {
  return encode({ type: 'query', id: 4_711, flags: recursionDesired, questions: [{ name, type: type as Question['type'] }], ...more })
}

/** An OPT record with these options, for `query`. */
export function edns(options: readonly { readonly code: number; readonly data: Buffer }[] = [], changes: { readonly version?: number; readonly size?: number; readonly flags?: number } = {}): Packet {
  return {
    additionals: [{
      type: 'OPT', name: '.', udpPayloadSize: changes.size ?? 1_232, extendedRcode: 0, ednsVersion: changes.version ?? 0, flags: changes.flags ?? 0, flag_do: false,
      options: options as unknown as PacketOpt[],
    }],
  }
}

/** A resolver's word of its client's subnet, for `query`. */
export function subnet(ip: string, sourcePrefixLength: number): Packet {
  const option = { code: 8, ip, sourcePrefixLength, family: ip.includes(':') ? 2 : 1 } as const
  return { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1_232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [option] }] }
}

/** The response code, with the upper bits that stand in the OPT record. */
export function rcodeOf(reply: DecodedPacket): number {
  const opt = reply.additionals?.find((record) => record.type === 'OPT')
  return ((reply.flags ?? 0) & 0x0f) | ((opt?.type === 'OPT' ? opt.extendedRcode : 0) << 4)
}

/** Data of the answers. */
export function dataOf(reply: DecodedPacket): unknown[] {
  return (reply.answers ?? []).map((answer: Answer) => ('data' in answer ? answer.data : undefined))
}

/** An option of the reply's OPT record. */
export function optionOf(reply: DecodedPacket, code: number): Buffer | undefined {
  const opt = reply.additionals?.find((record) => record.type === 'OPT')
  return opt?.type === 'OPT' ? opt.options.find((option) => (option.code as number) === code)?.data : undefined
}

/** For how many bits of the client's address a reply holds. */
export const scopeOf = (reply: DecodedPacket): number | undefined => optionOf(reply, 8)?.[3]

/** Asks a server at `host:port`. */
export class DnsClient {
  readonly #host: string
  readonly #port: number

  constructor(address: string) {
    const colon = address.lastIndexOf(':')
    this.#host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    this.#port = Number(address.slice(colon + 1))
  }

  get at(): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: this.#port }
  }

  async udp(message: Buffer): Promise<Buffer> {
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4')
    try {
      socket.send(message, this.#port, this.#host)
      const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer]
      return reply
    } finally {
      socket.close()
    }
  }

  /** Sends messages, each with its length before it, in one connection, and answers with the replies until the server closes. */
  async tcp(messages: readonly Buffer[]): Promise<Buffer[]> {
    const socket = connect(this.#port, this.#host)
    socket.end(Buffer.concat(messages.map(framed)))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return unframed(Buffer.concat(chunks))
  }

  async ask(name: string, type = 'A', more: Packet = {}): Promise<DecodedPacket> {
    return decode(await this.udp(query(name, type, more)))
  }

  async askByTcp(name: string, type = 'A', more: Packet = {}): Promise<DecodedPacket> {
    const [reply] = await this.tcp([query(name, type, more)])
    return decode(reply ?? Buffer.alloc(0))
  }
}

export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message])
}

export function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let offset = 0; offset < bytes.length;) {
    const end = offset + 2 + bytes.readUInt16BE(offset)
    messages.push(bytes.subarray(offset + 2, end))
    offset = end
  }
  return messages
}
