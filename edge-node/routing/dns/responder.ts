import type { AnswerRate } from './answer-rate.ts'
import { clientNetworkOf } from './client-network.ts'
import type { Cookies } from './cookies.ts'
import type { DnsMetrics } from './dns-metrics.ts'
import { type Edns, udpLimit, writeOpt } from './edns.ts'
import { flags, headerBytes, rcodes } from './numbers.ts'
import { type Query, readQuery } from './read-query.ts'
import { type Resolution, resolve } from './resolve.ts'
import { type Reply, writeReply } from './write-reply.ts'
import type { Zone } from './zone.ts'

export type Transport = 'udp' | 'tcp'

export interface ResponderOptions {
  /** As it is at the moment. */
  readonly zone: () => Zone
  readonly rate: AnswerRate
  readonly cookies: Cookies
  readonly metrics: DnsMetrics
  /** How long a connection may idle, for those who ask. */
  readonly tcpIdleSeconds: number
}

const tcpBytesMax = 65_535
const nothing = { answers: [], authorities: [], additionals: [] } as const

/**
 * Answers messages from outside, whatever they are. Never throws: what can not be read is FORMERR, what can not be answered SERVFAIL.
 *
 * Invariant: over UDP nobody gets more answers a second than his network may, unless a cookie shows that the address is his.
 */
export class Responder {
  readonly #options: ResponderOptions

  constructor(options: ResponderOptions) {
    this.#options = options
  }

  /** Undefined where silence is right: responses, what is too short to have an id, and what is over the rate. */
  answer(message: Buffer, address: string, transport: Transport): Buffer | undefined {
    const { metrics } = this.#options
    if (message.length < headerBytes || (message.readUInt16BE(2) & flags.response) !== 0) {
      metrics.countSilence('unreadable')
      return undefined
    }
    const query = readQuery(message)
    const verdict = transport === 'tcp' || this.#isKnown(query, address)
      ? 'answer'
      : this.#options.rate.judge(clientNetworkOf(address, undefined).address, performance.now())
    if (verdict === 'silence') {
      metrics.countSilence('limited')
      return undefined
    }
    if (typeof query === 'number') {
      // What other opcodes have in their sections is not known here.
      const rcode = (message.readUInt16BE(2) & flags.opcode) === 0 ? query : rcodes.notImplemented
      metrics.count(undefined, rcode, transport)
      return bareReply(message, rcode)
    }
    if (verdict === 'truncated') return this.#truncate(query, address, transport)
    try {
      return this.#answerQuery(query, address, transport)
    } catch {
      metrics.count(query.question?.type, rcodes.serverFailure, transport)
      return bareReply(message, rcodes.serverFailure)
    }
  }

  /** Whether a cookie says that the asker is where he says. */
  #isKnown(query: Query | number, address: string): boolean {
    const cookie = typeof query === 'number' ? undefined : query.edns?.cookie
    return cookie?.server !== undefined && this.#options.cookies.isOurs(cookie, address, nowSeconds())
  }

  #answerQuery(query: Query, address: string, transport: Transport): Buffer {
    const { rcode, scopePrefixLength, ...found } = this.#options.metrics.timed(() => this.#resolve(query, address))
    const opt = this.#writeOpt(query.edns, rcode, scopePrefixLength, address, transport)
    const reply: Reply = { ...found, rcode, isTruncated: false }
    const bytesMax = transport === 'tcp' ? tcpBytesMax : udpLimit(query.edns)
    const whole = writeReply(query, reply, opt)
    if (whole.length <= bytesMax) return this.#counted(whole, query, rcode, transport)
    // Addresses beside an answer are a courtesy; in a referral the asker may not get on without them (RFC 9471).
    const lean = reply.isAuthoritative && reply.additionals.length > 0 ? writeReply(query, { ...reply, additionals: [] }, opt) : whole
    if (lean.length <= bytesMax) return this.#counted(lean, query, rcode, transport)
    return this.#truncate(query, address, transport, rcode)
  }

  /** Nothing but the word to come again by TCP; and a cookie, with which the asker is spared from now on. */
  #truncate(query: Query, address: string, transport: Transport, rcode: number = rcodes.noError): Buffer {
    this.#options.metrics.countTruncated()
    const opt = this.#writeOpt(query.edns, rcode, 0, address, transport)
    return this.#counted(writeReply(query, { ...nothing, rcode, isAuthoritative: false, isTruncated: true }, opt), query, rcode, transport)
  }

  #resolve({ opcode, edns, question }: Query, address: string): Resolution {
    const refusal = edns !== undefined && edns.version > 0 ? rcodes.badVersion
      : edns?.isMalformed === true ? rcodes.formatError
      : opcode === 0 ? undefined : rcodes.notImplemented
    if (refusal !== undefined || question === undefined) {
      return { ...nothing, rcode: refusal ?? rcodes.noError, isAuthoritative: false, scopePrefixLength: 0 }
    }
    return resolve(question, clientNetworkOf(address, edns?.clientSubnet), this.#options.zone())
  }

  #writeOpt(edns: Edns | undefined, rcode: number, scopePrefixLength: number, address: string, transport: Transport): Buffer | undefined {
    if (edns === undefined) return undefined
    return writeOpt(edns, {
      rcode, scopePrefixLength,
      cookie: edns.cookie === undefined ? undefined : this.#options.cookies.reply(edns.cookie, address, nowSeconds()),
      idleSeconds: transport === 'tcp' ? this.#options.tcpIdleSeconds : undefined,
    })
  }

  #counted(reply: Buffer, query: Query, rcode: number, transport: Transport): Buffer {
    this.#options.metrics.count(query.question?.type, rcode, transport)
    return reply
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}

/** A header alone: the id and opcode of the message, and a code. */
function bareReply(message: Buffer, rcode: number): Buffer {
  const reply = Buffer.alloc(headerBytes)
  message.copy(reply, 0, 0, 2)
  reply.writeUInt16BE(flags.response | (message.readUInt16BE(2) & (flags.opcode | flags.recursionDesired)) | rcode, 2)
  return reply
}
