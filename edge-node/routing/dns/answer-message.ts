import { decode, type DecodedPacket, encode, TRUNCATED_RESPONSE } from 'dns-packet'
import { readEdns, udpLimit } from './edns.ts'
import { answerQuery, rcodes, type Zone } from './zone.ts'

const headerBytes = 12

/**
 * Answers one message from outside, whatever it is. Undefined where silence is right: responses, and what is too short to have an id.
 * Never throws: what can not be read is FORMERR, what can not be answered SERVFAIL. `isTruncated` answers with nothing but the word to come again
 * by TCP.
 */
export function answerMessage(
  message: Buffer, resolverAddress: string, transport: 'udp' | 'tcp', zone: Zone, isTruncated = false,
): Buffer | undefined {
  if (message.length < headerBytes || ((message[2] ?? 0) & 0x80) !== 0) return undefined
  let query: DecodedPacket
  try {
    query = decode(message)
  } catch {
    return bareReply(message, rcodes.formatError)
  }
  try {
    const reply = answerQuery(query, resolverAddress, zone)
    if (reply === undefined) return undefined
    const bytes = encode(reply)
    if (transport === 'tcp' || (!isTruncated && bytes.length <= udpLimit(readEdns(query)))) return bytes
    return encode({ ...reply, flags: (reply.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], authorities: [] })
  } catch {
    return bareReply(message, rcodes.serverFailure)
  }
}

/** A header alone: the id and opcode of the message, and a code. */
function bareReply(message: Buffer, rcode: number): Buffer {
  const reply = Buffer.alloc(headerBytes)
  message.copy(reply, 0, 0, 2)
  reply[2] = 0x80 | ((message[2] ?? 0) & 0x79)
  reply[3] = rcode
  return reply
}
