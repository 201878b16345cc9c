import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AccountResidency, Accounts, Members } from './accounts/index.ts'
import { requireFinished } from './archive/index.ts'
import { AccessNotes, auditRetention } from './audit/index.ts'
import { createAdminApp, createApi, Metrics, NodeReach, TailHub } from './api/index.ts'
import {
  adoptAccounts, adoptSealed, Authenticator, DataKeys, type GivenTokens, InternalTokens, keepSignerFresh, keyFile, keyText, openIdentity, refreshSigner, SecretBox, Peers, StandingAccess, TokenAdministration, tokenRetention, TokenUse,
} from './auth/index.ts'
import { type Clock, systemClock } from './clock.ts'
import { Idempotency } from './idempotency/index.ts'
import { createTxtResolver, Domains, setProofRequired } from './domains/index.ts'
import { AcknowledgementBoard, Feed, NodeDirectory } from './feed/index.ts'
import { AccountLimits } from './quotas/index.ts'
import { Deployments, Functions, functionUrl, GradualRollouts, KeyedLocks, Rollout, StackMapper, versionRetention } from './releases/index.ts'
import type { NatsOptions } from './nats/index.ts'
import { artifactRetention, Retention } from './retention/index.ts'
import { listen } from './server.ts'
import { openStorage } from './storage.ts'
import { openCertificates } from '../tls/index.ts'
import { Usage } from './usage/index.ts'

export interface ControlPlaneOptions {
  /** Loopback unless set. */
  readonly host?: string
  /** 7400 unless set; 0 takes a free one. */
  readonly port?: number
  /** Health and metrics; a free one unless set. */
  readonly adminPort?: number
  /** Loopback unless set. */
  readonly adminHost?: string | undefined
  /** Holds the database and the key that secrets are sealed with. Created where missing, readable by its owner only. */
  readonly dataDirectory: string
  /** Where several replicas share one state; a file in the data directory unless set. */
  readonly nats?: NatsOptions
  /** File of the master keys, the same for every replica; `secret.key` in the data directory unless set. Made where it is missing. */
  readonly keyFile?: string
  /** The master keys themselves, instead of a file; see `KeyRing`. */
  readonly masterKeys?: string
  /** Files of the certificate that the API is served with, and of its key, in PEM; plain HTTP unless set. They are read anew when they change. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string }
  /** Whether nodes and gateways are let in with the token that they share, as in the local cluster; true unless set. */
  readonly sharedNodeToken?: boolean
  /** Whether routes outside `domain` need a domain that the account has proven; false unless set. */
  readonly verifyDomains?: boolean
  /** `ADDRESS[:PORT]` of the resolvers that proofs are looked up by; those of the system unless set. */
  readonly resolvers?: readonly string[]
  /** Functions answer at `NAME.DOMAIN`; `localhost` unless set. */
  readonly domain?: string
  /** Scheme and port of the URLs that are told to publishers, such as `http://127.0.0.1:8080`. */
  readonly gatewayUrl?: string
  /** Tokens to use instead of those made at the first start. */
  readonly tokens?: GivenTokens
  /** The database grows no larger. */
  readonly maximumBytes?: number
  /** Revisions that the feed keeps for nodes that come back. */
  readonly revisionsKept?: number
  readonly clock?: Clock
  readonly log?: (entry: Readonly<Record<string, unknown>>) => void
}

export interface ControlPlane {
  readonly url: string
  readonly adminUrl: string
  readonly adminToken: string
  /** With it nodes and gateways join. */
  readonly nodeToken: string
  /** Whether this start made them: only then they are shown to people, whose logs are kept. */
  readonly areTokensNew: boolean
  /** Ends deployments, connections and the store. What was acknowledged is on disk. */
  close(): Promise<void>
}

const loopback = '127.0.0.1'

/** Starts a control plane. Rejects with the system's error (`code` EADDRINUSE) where a port is taken. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { dataDirectory, domain = 'localhost', clock = systemClock } = options
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const box = await SecretBox.open(
    options.masterKeys === undefined ? keyFile(options.keyFile ?? join(dataDirectory, 'secret.key')) : keyText('SKERRY_KEY', options.masterKeys),
  )
  const log = options.log ?? ((entry) => console.error(JSON.stringify(entry)))
  const storage = await openStorage(options, box, log)
  const { store, bus } = storage
  const closing = new AbortController()
  const cleanUps: Array<() => Promise<void> | void> = [() => storage.close()]
  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return
    closing.abort()
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
  try {
    await requireFinished(store)
    await adoptAccounts(store, clock.nowMs())
    const dataKeys = new DataKeys(box)
    await adoptSealed({ store, box, dataKeys, nowMs: clock.nowMs() })
    const identity = await openIdentity(store, box, options.tokens ?? {}, clock.nowMs())

    const signing = { store, box, signer: identity.signer, clock }
    await refreshSigner(signing)
    cleanUps.push(keepSignerFresh(signing, (error) => log({ level: 'error', message: 'the signing key could not be read', stack: String(error) })))
    const feed = new Feed({ store, signer: identity.signer, dataKeys, clock })
    const nodes = new NodeDirectory(clock, bus)
    const board = new AcknowledgementBoard(bus)
    const locks = new KeyedLocks(clock)
    const stackMapper = new StackMapper(store)
    const tail = new TailHub(store, stackMapper, { bus, clock })
    const usage = new Usage({ store, bus, clock, log })
    cleanUps.push(() => nodes.close(), () => board.close(), () => tail.close(), () => usage.close())
    const metrics = new Metrics({
      feedSequence: () => store.readSequence(),
      storeBytes: () => store.sizeBytes(),
      storeConnected: () => storage.isConnected(),
      connectedNodes: () => nodes.connected().length,
      tailSubscribers: () => tail.subscriberCount,
      usageReports: () => usage.reports,
      activeRollouts: () => rollouts.activeCount,
      usageReportsGivenUp: () => usage.reportsGivenUp,
    })
    const urlOf = (account: string, name: string): string => functionUrl(account, name, domain, options.gatewayUrl)
    const rollout = new Rollout({ store, nodes, board, clock, stackMapper, domain, functionUrl: urlOf, signal: closing.signal })
    const deployments = new Deployments({
      store, rollout, locks, nowMs: () => clock.nowMs(), onFinished: (outcome, durationMs) => metrics.observeDeployment(outcome, durationMs),
    })
    const functions = new Functions({ store, dataKeys, clock, locks, functionUrl: urlOf, told: (account) => nodes.told(account) })
    const rollouts = new GradualRollouts({ store, usage, clock, domain, log, tell: (events) => void tail.publish(events).catch(() => undefined) })
    rollouts.start()
    cleanUps.push(() => deployments.settle(), () => rollouts.close())

    await setProofRequired(store, options.verifyDomains ?? false, clock.nowMs())
    const domains = new Domains({ store, clock, domain, log, readTxt: createTxtResolver(options.resolvers) })
    domains.start()
    cleanUps.push(() => domains.close())
    const accounts = new Accounts({ store, clock, functions })
    const accountLimits = await AccountLimits.open({ store, bus, nodes, clock, log })
    cleanUps.push(() => accountLimits.close())
    const idempotency = new Idempotency({ store, clock, key: box.derive('idempotency') })
    const retention = new Retention({
      clock, log,
      rules: [
        { name: 'idempotency keys', run: () => idempotency.sweep() },
        auditRetention(store),
        tokenRetention(store),
        accounts.retention(),
        versionRetention(store),
        artifactRetention(store),
      ],
    })
    cleanUps.push(() => retention.close())
    const api = createApi({
      store, feed, nodes, reach: new NodeReach(store, nodes), board, deployments, functions, rollouts, idempotency, tail, usage, identity, metrics, clock, log, accounts, residency: new AccountResidency({ store, clock, nodes, board, signal: closing.signal }), accountLimits, members: new Members(store, clock),
      authenticator: new Authenticator(store, clock), tokens: new TokenAdministration(store, clock), tokenUse: new TokenUse(store, clock),
      accessNotes: new AccessNotes(store, clock),
      standingAccess: new StandingAccess(clock), peers: new Peers(store, () => clock.nowMs(), identity.signer),
      sharedNodeToken: options.sharedNodeToken ?? true, box, dataKeys, domains, internalTokens: new InternalTokens(store, box, () => clock.nowMs()),
    })
    void accounts.resumeRemovals().catch((error: unknown) => log({ level: 'error', message: 'an account is not deleted yet', stack: String(error) }))
    const tls = options.tls === undefined ? undefined : await openCertificates({ pairs: [options.tls], after: (delayMs, callback) => clock.after(delayMs, callback), log })
    const server = await listen(api, options.host ?? loopback, options.port ?? 7_400, undefined, tls)
    cleanUps.push(() => server.close(), () => feed.close())
    const adminServer = await listen(createAdminApp({ store, metrics }), options.adminHost ?? loopback, options.adminPort ?? 0)
    cleanUps.push(() => adminServer.close())
    return { url: server.url, adminUrl: adminServer.url, adminToken: identity.adminToken, nodeToken: identity.nodeToken, areTokensNew: identity.areTokensNew, close }
  } catch (error) {
    await close()
    throw error
  }
}
