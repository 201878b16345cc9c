import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { SkerryError } from '../../../errors/index.ts'
import type { AddressFilter } from './address-filter.ts'

/** Resolves a host name to all of its addresses. */
export type ResolveHost = (hostName: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

const connectTimeoutMs = 10_000
/** Answers may take as long as the longest `wallMs`; the function's own limit ends it sooner. */
const answerTimeoutMs = 900_000

/**
 * Connects, in the clear or by TLS, only where the filter allows.
 *
 * Invariants: the address that passed the filter is the one that is connected to (the check sits in the connection's own
 * lookup, so a name that resolves differently a moment later changes nothing), and the peer of the open socket is
 * checked once more before a byte is sent.
 */
export function createGuardedConnect(filter: AddressFilter, resolve: ResolveHost = resolveBySystem): buildConnector.connector {
  return (options, callback) => {
    const hostName = options.hostname.replace(/^\[|\]$/g, '').toLowerCase()
    const port = Number(options.port !== '' ? options.port : options.protocol === 'https:' ? 443 : 80)
    const isTrusted = filter.isHostAllowed(hostName, port)
    const allows = (address: string): boolean => isTrusted || filter.isAddressAllowed(address, port)
    if (isIP(hostName) !== 0 && !allows(hostName)) {
      callback(blocked(hostName), null)
      return
    }
    const connect = buildConnector({ allowH2: false, timeout: connectTimeoutMs, autoSelectFamily: true, lookup: guardedLookup(resolve, allows), maxCachedSessions: 0 })
    connect({ ...options, hostname: hostName }, (error, socket) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      if (!allows(socket.remoteAddress ?? '')) {
        socket.destroy()
        callback(blocked(hostName), null)
        return
      }
      callback(null, socket)
    })
  }
}

/** An undici agent that connects by `createGuardedConnect`. */
export function createGuardedAgent(connect: buildConnector.connector): Agent {
  return new Agent({
    allowH2: false,
    pipelining: 1,
    connections: 256,
    keepAliveTimeout: 4_000,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    maxHeaderSize: 64 * 1024,
    connect,
  })
}

function guardedLookup(resolve: ResolveHost, allows: (address: string) => boolean): LookupFunction {
  return (hostName, options, callback) => {
    resolve(hostName, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      const allowed = addresses.filter(({ address }) => allows(address))
      const [first] = allowed
      if (first === undefined) callback(blocked(hostName), '', 0)
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

const resolveBySystem: ResolveHost = (hostName, done) => {
  // Node's own lookup fails for names below localhost.
  if (hostName === 'localhost' || hostName.endsWith('.localhost')) {
    done(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
    return
  }
  systemLookup(hostName, { all: true }, (error, addresses) => done(error, addresses ?? []))
}

function blocked(hostName: string): SkerryError {
  return new SkerryError('address_blocked', `Functions may not connect to ${hostName}: its address is not public.`)
}
