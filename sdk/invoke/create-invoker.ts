import { discoveryPaths } from '../../control-plane/protocol/discovery.ts'
import { retryAfterMs, workedMs } from './answer-hints.ts'
import { BurdenBudget } from './burden-budget.ts'
import { type Call, isName, isRequest, type NamedOrigin, readCall, readTarget } from './call.ts'
import type { AttemptReason } from './events.ts'
import { invokeError } from './invoke-error.ts'
import { ListKeeper } from './list-keeper.ts'
import { NodeDirectory, nodesTriedMax, toTarget } from './node-directory.ts'
import { discoveryCall, type GetDiscovery, readDiscovery, type ReadNodeList, readPlace } from './node-list.ts'
import { discard, type Route } from './offer-options.ts'
import { Offer } from './offer.ts'
import { type InvokeInit, type InvokerOptions, isAddress, maySpeakFor, readOptions, type Settings } from './options.ts'
import { after, pause, untilAborted } from './timers.ts'
import type { Target, Transport } from './transport.ts'

export interface KnownNode {
  readonly name: string
  readonly region: string
  readonly url: string
  /** False where it did not answer lately, or whoever lists the nodes says so. */
  readonly healthy: boolean
  /** Round trip as measured, in ms; undefined where it was not. */
  readonly latencyMs: number | undefined
}

export interface Invoker {
  /**
   * Calls a function, with the signature of `fetch`: by URL or Request, or by name: `fetch('hello')`, `fetch('hello/path?query', { method: 'POST', body })`.
   * May be taken off the invoker: `const { fetch } = createInvoker(...)`. URLs of other hosts than the cluster's go to plain `fetch`.
   *
   * Goes to the nearest node that is well, and to the next where that does no harm (`InvokeInit.retry`). Streams both ways, honours the
   * signal. Rejects with an `InvokeError`, which is a TypeError, and with the signal's reason.
   */
  readonly fetch: (target: string | URL | Request, init?: InvokeInit) => Promise<Response>
  /** The same for one function, by paths: `function('hello').fetch('/path')`. */
  function(name: string): { readonly fetch: (path?: string | URL | Request, init?: InvokeInit) => Promise<Response> }
  /** The nodes as they would be tried now, nearest first. Waits until those near by are measured. */
  nodes(): Promise<readonly KnownNode[]>
  /** Ends all calls, which reject with an `AbortError` as later ones do, and in Node all connections; in browsers, answers that have begun go on. */
  close(): Promise<void>
}

/** What differs between Node and browsers. */
export interface Platform {
  /** @param isOurs whether a host is of the cluster, as far as that is known by then */
  openTransport(settings: Settings, isOurs: (host: string) => boolean): Transport | Promise<Transport>
  /** `fetch` for what is not the cluster's. */
  readonly fetch: typeof fetch
  readControlPlane?(settings: Settings): ReadNodeList | undefined
}

const probeMsMax = 2_000
/** A function that is nobody's. */
const probeName = 'skerry-probe'
const listPlaceMsMax = 1_000
/** Rounds over all targets, where the wait that `Retry-After` asks for lies between. */
const roundsMax = 3

/** Makes an invoker. Throws `invalid_request` for options that are none. */
export function createInvokerOn(platform: Platform, options: InvokerOptions): Invoker {
  const settings = readOptions(options)
  const doorName = settings.doors.map(({ hostname }) => hostname).find((hostname) => !isAddress(hostname))
  let domain = settings.domain?.toLowerCase() ?? doorName ?? 'localhost'
  /** Whose URLs are calls of functions; `domain` is for those that are named. */
  let urlDomain = domain
  const isDoor = (host: string): boolean => settings.doors.some((door) => door.hostname === host)
  const isOurs = (host: string): boolean => isDoor(host) || settings.isOurHost(host, domain)
  /** Of the calls whose answer has not begun. */
  const calls = new Set<AbortController>()
  let isClosed = false
  let opened: Promise<Transport> | undefined
  const transport = (): Promise<Transport> => (isClosed ? Promise.reject(closed()) : (opened ??= Promise.resolve(platform.openTransport(settings, isOurs))))

  /** Asks a target for a path of discovery, as a function of that origin would be called there. */
  const get = (target: Target, origin: URL): GetDiscovery => async (path, signal) => {
    const way = await transport()
    const call = discoveryCall(origin, path, signal)
    const url = way.reach(call, target, domain)
    if (url === undefined) throw invokeError('no_healthy_node', `${target.name} can not be reached by ${origin.protocol.slice(0, -1)} from here.`)
    return way.send(call, url, target, { signal, onSend: () => true })
  }

  const probe = async (target: Target, origin: URL): Promise<number> => {
    const way = await transport()
    const signal = AbortSignal.timeout(probeMsMax)
    let latencyMs = 0
    // Where it is not told when the request leaves, the first one pays for the connection.
    for (let left = way.tellsSent || directory.isKnownAlive(target.name) ? 1 : 2; left > 0; left -= 1) {
      const call = discoveryCall(origin, discoveryPaths.ping, signal)
      // Not every function can be called at every node: then another name of it tells as well whether it is there.
      const url = way.reach(call, target, domain) ?? way.reach(discoveryCall(probeOrigin(), discoveryPaths.ping, signal), target, domain)
      if (url === undefined) throw invokeError('no_healthy_node', `${target.name} can not be reached from here.`)
      let sentAtMs = performance.now()
      const response = await way.send(call, url, target, {
        signal,
        onSend: () => {
          sentAtMs = performance.now()
          return true
        },
      })
      latencyMs = performance.now() - sentAtMs
      discard(response)
      if (response.status === 503) throw invokeError('no_healthy_node', `${target.name} takes no calls.`)
    }
    return latencyMs
  }

  const directory = new NodeDirectory(settings, probe)
  const controlPlane = platform.readControlPlane?.(settings)
  const doorLists = directory.doors.map((door): ReadNodeList => async (signal) => {
    const ask = get(door, new URL(door.url))
    // The place comes along, or a little later; the list waits for it no longer than for an answer.
    const [list, place] = await Promise.all([
      readDiscovery(ask, door.name, directory.place, signal),
      directory.place === undefined ? readPlace(ask, AbortSignal.any([signal, AbortSignal.timeout(listPlaceMsMax)])).catch(() => undefined) : undefined,
    ])
    directory.place = place
    return list
  })
  /** Where the doors are gone, the nodes themselves tell. */
  const nodeLists = (): ReadNodeList[] => directory.nearestKnown().map((node): ReadNodeList => (signal) =>
    readDiscovery(get(node, settings.doors[0] ?? new URL(node.url)), node.name, directory.place, signal))
  const keeper = new ListKeeper({
    initial: settings.nodes ?? [], refreshMs: settings.refreshMs, emit: settings.emit,
    sources: () => [...(controlPlane === undefined ? [] : [controlPlane]), ...doorLists, ...(doorLists.length === 0 ? [] : nodeLists())],
    onList: (nodes, told) => {
      if (settings.domain === undefined && told !== undefined) {
        domain = told
        if (settings.doors.every((door) => maySpeakFor(door, told))) urlDomain = told
      }
      directory.replace(nodes)
      const urls = new Set([...nodes, ...directory.doors].map(({ url }) => url))
      void opened?.then((way) => way.retain(urls))
    },
  })

  /** There is a list, or a door to go by without one: where that tells nothing, it is asked again behind the calls. */
  let hasAsked = false
  const ready = async (): Promise<void> => {
    if (settings.doors.length === 0) return keeper.ready()
    const asked = keeper.ready().catch(() => undefined)
    if (!hasAsked || keeper.hasList) await asked
    hasAsked = true
  }

  const namedOrigin = (): NamedOrigin => {
    const first = settings.doors[0] ?? (directory.anyUrl === undefined ? undefined : new URL(directory.anyUrl))
    return { protocol: first?.protocol ?? 'http:', port: first?.port ?? '', domain }
  }

  const probeOrigin = (): URL => readTarget(probeName, namedOrigin)

  const routesOf = async (call: Call): Promise<Route[]> => {
    const way = await transport()
    const nodes = (await directory.ranked(call.url)).map(toTarget)
    const routes: Route[] = []
    for (const target of nodes) {
      const url = way.reach(call, target, domain)
      if (url !== undefined) routes.push({ target, url })
      if (routes.length === nodesTriedMax) break
    }
    const doors = directory.doors.length > 0 || way.tellsSent ? directory.doors : [{ kind: 'door', name: call.url.host, url: call.url.origin } as const]
    for (const target of doors) {
      const url = way.reach(call, target, domain)
      // By `fetch` all doors are the same, the function's own host.
      if (url !== undefined && (way.tellsSent || routes.at(-1)?.target.kind !== 'door')) routes.push({ target, url })
    }
    return routes
  }

  const burdens = new BurdenBudget()

  const offer = async (call: Call, reason: AttemptReason, signal: AbortSignal): Promise<Response> => {
    const way = await transport()
    const offering = new Offer(call, await routesOf(call), {
      transport: way, signal, reason, emit: settings.emit,
      patienceMs: (target) => directory.patienceMs(target), isAlive: (target) => directory.isAlive(target, call.url),
      isKnownAlive: ({ name }, withinMs) => directory.isKnownAlive(name, withinMs), mayBurden: () => burdens.withdraw(performance.now()),
      onFailure: ({ name }) => {
        directory.failed(name)
        keeper.hurry()
      },
      onHead: ({ name }, response, headMs) => directory.answered(name, headMs, workedMs(name, response)),
    })
    return offering.run()
  }

  const run = async (call: Call, signal: AbortSignal): Promise<Response> => {
    for (let round = 1; ; round += 1) {
      const response = await offer(call, round === 1 ? 'first' : 'again', signal)
      const waitMs = round < roundsMax ? retryAfterMs(call, response, settings.retryAfterMsMax) : undefined
      if (waitMs === undefined) return response
      discard(response)
      settings.emit({ kind: 'wait', ms: waitMs })
      await pause(waitMs, signal)
    }
  }

  const invoke = async (target: string | URL | Request, init: InvokeInit): Promise<Response> => {
    const given = init.signal ?? (isRequest(target) ? target.signal : undefined)
    given?.throwIfAborted()
    const timeoutMs = init.timeoutMs ?? settings.timeoutMs
    const late = new AbortController()
    const signal = given === undefined || given === null ? late.signal : AbortSignal.any([given, late.signal])
    if (isClosed) throw closed()
    calls.add(late)
    const cancel = timeoutMs === undefined ? undefined : after(timeoutMs, () => {
      late.abort(new DOMException(`No answer came within ${timeoutMs} ms.`, 'TimeoutError'))
    })
    const begin = async (): Promise<Response> => {
      await ready()
      const url = readTarget(target, namedOrigin)
      if (!isName(target) && !isDoor(url.hostname) && !settings.isOurHost(url.hostname, urlDomain)) return platform.fetch(isRequest(target) ? target : url, { ...init, signal })
      burdens.deposit(performance.now())
      return run(await readCall(url, target, init, settings.retry ?? 'safe'), signal)
    }
    try {
      return await untilAborted(begin(), signal)
    } finally {
      cancel?.()
      calls.delete(late)
    }
  }

  return {
    fetch: (target, init = {}) => invoke(target, init),
    function: (name) => ({
      fetch: (path = '/', init = {}) => invoke(typeof path === 'string' && !URL.canParse(path) ? `${name}${path.startsWith('/') || path.startsWith('?') ? '' : '/'}${path}` : path, init),
    }),
    nodes: async () => {
      await ready()
      return (await directory.measured(probeOrigin())).map(({ name, region, url, healthy, latencyMs }) => ({ name, region, url, healthy, latencyMs }))
    },
    close: async () => {
      isClosed = true
      for (const call of calls) call.abort(closed())
      keeper.close()
      const way = await opened
      opened = undefined
      await way?.close()
    },
  }
}

function closed(): DOMException {
  return new DOMException('The invoker is closed.', 'AbortError')
}
