import { isIP } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { SkerryError } from '../../../errors/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'
import { HeldBytes } from '../held-bytes.ts'
import { AnswerProgress } from './answer-progress.ts'
import { decoderBytesMax } from './content-decoding.ts'
import { createNetworkTransport } from './network-transport.ts'
import { createSocketTransport } from './socket-transport.ts'
import type { Transport } from './transport.ts'

const connectTimeoutMs = 2_000
/** To one node; calls beyond it wait for one of them, as long as their callers do. */
const connectionsMax = 1_024
/** What a function may answer with, and what nodes add to it. */
const headBytesMax = fixedLimits.responseHeadBytes + 16 * 1024
/** Longer than a function may ask for. */
const answerTimeoutMs = 905_000
/** Whatever host a call is for, connections are to the node. */
const serverName = 'skerry-internal'

interface Connections {
  readonly connect: buildConnector.connector
  readonly agent: Agent
}

/** Connections to the internal ports of other nodes, for functions that call functions there. */
export class CallClient {
  readonly #unfinished: HeldBytes
  readonly #held = new HeldBytes(decoderBytesMax)
  readonly #progress = new AnswerProgress()
  #connections: (Connections & { readonly ca: string | undefined }) | undefined

  /** `unfinished` counts what of messages has come. */
  constructor(unfinished: HeldBytes) {
    this.#unfinished = unfinished
  }

  /** Carries a call to the node at `origin`, whatever host its URL names. */
  transportTo(origin: string, ca: string | undefined, account: string, webSocket: boolean): Transport {
    const { agent, connect } = this.#to(ca)
    const { protocol, hostname, port } = new URL(origin)
    if (webSocket) return createSocketTransport((_to, done) => connect({ protocol, hostname, host: hostname, port }, (error, socket) => done(error, socket)), account, this.#unfinished)
    const toNode: Pick<Dispatcher, 'dispatch'> = {
      dispatch: (options, handler) => agent.dispatch({ ...options, origin, servername: serverName } as Dispatcher.DispatchOptions, handler),
    }
    return createNetworkTransport({ agent: toNode, progress: this.#progress, host: { account, held: this.#held } })
  }

  async close(): Promise<void> {
    await this.#connections?.agent.destroy(new SkerryError('subrequest_failed', 'The node is closing.'))
  }

  #to(ca: string | undefined): Connections {
    if (this.#connections !== undefined && this.#connections.ca === ca) return this.#connections
    const connector = buildConnector({ timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) })
    // The certificate is the node's, not that of the function's host.
    const connect: buildConnector.connector = (options, callback) => connector({ ...options, servername: isIP(options.hostname) === 0 ? options.hostname : '' }, callback)
    const agent = new Agent({ connect, pipelining: 1, connections: connectionsMax, maxHeaderSize: headBytesMax, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs })
    this.#connections = { connect, agent, ca }
    return this.#connections
  }
}
