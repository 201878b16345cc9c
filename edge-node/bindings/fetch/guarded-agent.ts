import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { notPublic } from './address-filter.ts'
import type { AnswerProgress } from './answer-progress.ts'
import type { ConnectionCount } from './connection-count.ts'
import type { OutboundPolicy } from './outbound-policy.ts'
import { portOf } from './outbound-targets.ts'

/** Resolves a host name to all of its addresses. `mayBeLocal`: names that only this machine knows may be looked for too. */
export type ResolveHost = (hostName: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void, mayBeLocal: boolean) => void

const connectTimeoutMs = 10_000
/** Answers may take as long as the longest `wallMs`; the function's own limit ends it sooner. */
const answerTimeoutMs = 900_000

/**
 * Connects, in the clear or by TLS, only where the policy allows.
 *
 * Invariants: the address that passed the policy is the one that is connected to (the check sits in the connection's own lookup, so a name that
 * resolves differently a moment later changes nothing), and the peer of the open socket is checked once more before a request is sent. Every
 * connection counts for its account from before it is made until it is closed.
 */
export function createGuardedConnect(policy: OutboundPolicy, resolve: ResolveHost, count: ConnectionCount): buildConnector.connector {
  return (options, callback) => {
    const hostName = options.hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase()
    const port = portOf(options)
    const refusalOf = (address: string) => policy.refusalOf(hostName, port, address)
    const refusal = isIP(hostName) === 0 ? undefined : refusalOf(hostName)
    // Never on the caller's stack: undici goes on with the next that waits for a connection, and with thousands of them the stack runs out.
    const refuse = (error: Error): void => queueMicrotask(() => callback(error, null))
    if (refusal !== undefined) {
      refuse(refusal)
      return
    }
    const entry = count.enter(policy.account)
    if (entry.refusal !== undefined) {
      refuse(entry.refusal)
      return
    }
    const lookup = guardedLookup(hostName, (done) => resolve(hostName, done, policy.opensAny), refusalOf)
    const connect = buildConnector({ allowH2: false, timeout: connectTimeoutMs, autoSelectFamily: true, lookup, maxCachedSessions: 0 })
    connect({ ...options, hostname: hostName }, (error, socket) => {
      if (error !== null) {
        entry.leave()
        callback(error, null)
        return
      }
      socket.once('close', () => entry.leave())
      const late = refusalOf(socket.remoteAddress ?? '')
      if (late !== undefined) {
        socket.destroy()
        callback(late, null)
        return
      }
      callback(null, socket)
    })
  }
}

/** An undici agent that connects by `createGuardedConnect`. It keeps connections open for whoever uses it next. `progress` hears of what comes. */
export function createGuardedAgent(connect: buildConnector.connector, progress: AnswerProgress): Agent {
  return new Agent({
    allowH2: false,
    pipelining: 1,
    connections: 256,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    maxHeaderSize: 64 * 1024,
    connect: (options, callback) => connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      progress.watch(socket)
      callback(null, socket)
    }),
  })
}

function guardedLookup(
  hostName: string,
  resolve: (done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void,
  refusalOf: (address: string) => Error | undefined,
): LookupFunction {
  return (_hostName, options, callback) => {
    resolve((error, addresses) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      const allowed = addresses.filter(({ address }) => refusalOf(address) === undefined)
      const [first] = allowed
      if (first === undefined) callback(addresses.map(({ address }) => refusalOf(address)).find((each) => each !== undefined) ?? notPublic(hostName), '', 0)
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}
