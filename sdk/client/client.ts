import { z } from 'zod'
import {
  type AuditEntry,
  type DeploymentEvent,
  deploymentEventSchema,
  type DeploymentRequestInput,
  type FunctionInfo,
  functionListSchema,
  type NodeInfo,
  nodeListSchema,
  secretListSchema,
  secretValueSchema,
  type TailEvent,
  tailEventSchema,
  versionIdSchema,
  type VersionInfo,
  versionListSchema,
} from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import {
  type AccountsClient, type AuditFilter, createAccountsClient, createMembersClient, createTokensClient, type MembersClient, readAuditLog, type TokensClient,
} from './accounts.ts'
import { readList } from './pages.ts'
import { createDomainsClient, type DomainsClient } from './domains.ts'
import { createKeysClient, createPeersClient, type KeysClient, type PeersClient } from './peers.ts'
import { publishProject, type PublishOptions, type PublishResult } from './publish.ts'
import { createReleasesClient, type ReleasesClient } from './releases.ts'
import { createQuotasClient, type QuotasClient } from './quotas.ts'
import { createTransport } from './transport.ts'

export interface ClientOptions {
  /** The control plane, such as http://127.0.0.1:7400, or its replicas, separated by commas. */
  readonly url: string
  /** Bearer token with the scopes that the calls need. */
  readonly token: string
  /** PEM of the authorities that the control plane's certificate is checked by, instead of the usual. */
  readonly ca?: string | undefined
  /** The account that the calls are for, where it is not the token's own; for operators. */
  readonly account?: string | undefined
}

export interface PutArtifactOptions {
  readonly signal?: AbortSignal
}

/** Progress of a deployment as the control plane tells it, ending in `done` or `refused`. */
export type DeploymentStream = AsyncGenerator<DeploymentEvent, void>

export interface Share {
  readonly version: string
  readonly percent: number
}

/**
 * Publishes and administers functions at one control plane. Every method rejects with a SkerryError: `server_unreachable`,
 * `unauthorized`, `forbidden`, or what the control plane refuses with.
 */
export interface SkerryClient extends ReleasesClient {
  /** Bundles, uploads and releases the project in a folder. */
  publish(options: PublishOptions): Promise<PublishResult>
  /** Uploads bytes under their SHA-256 (lower-case hex). Idempotent. */
  putArtifact(hash: string, bytes: Uint8Array, options?: PutArtifactOptions): Promise<void>
  /** @param idempotencyKey where it comes again with the same key within a day, it is carried out once, and answered alike */
  deploy(request: DeploymentRequestInput, signal?: AbortSignal, idempotencyKey?: string): DeploymentStream
  /** Newest first. */
  versions(name: string): Promise<readonly VersionInfo[]>
  /** JSON of the version's source map; undefined where none was uploaded. */
  sourceMap(name: string, version: string): Promise<string | undefined>
  /** Splits traffic; the percents add up to 100. */
  release(name: string, shares: readonly Share[], message?: string): DeploymentStream
  /** Gives back the shares from before the last change, or all traffic to the version `to`. */
  rollback(name: string, to?: string): DeploymentStream
  functions(): Promise<readonly FunctionInfo[]>
  nodes(): Promise<readonly NodeInfo[]>
  delete(name: string): Promise<void>
  readonly secrets: {
    put(name: string, key: string, value: string): Promise<void>
    /** Names only; values never come back. */
    list(name: string): Promise<readonly string[]>
    delete(name: string, key: string): Promise<void>
  }
  /** Live console output, exceptions and failures, until `signal` aborts or the iteration is left. */
  tail(name: string, options?: { readonly signal?: AbortSignal }): AsyncGenerator<TailEvent, void>
  /** Everything that the control plane keeps, as an archive (scope operator). It is whole where `summary.json` is its last part. */
  backup(): AsyncGenerator<Uint8Array, void>
  readonly domains: DomainsClient
  readonly peers: PeersClient
  readonly keys: KeysClient
  readonly accounts: AccountsClient
  readonly quotas: QuotasClient
  readonly members: MembersClient
  readonly tokens: TokensClient
  /** Who changed what, newest first (scope admin). */
  audit(filter?: AuditFilter): AsyncGenerator<AuditEntry, void>
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** Longest that a deployment's answer may be silent: preparing and activating each have time-outs of their own below this. */
const deploymentSilenceMs = 120_000

function checkShares(shares: readonly Share[]): Share[] {
  const checked = shares.map(({ version, percent }) => ({ version: versionId(version), percent }))
  const total = checked.reduce((sum, { percent }) => sum + percent, 0)
  if (Math.abs(total - 100) > 1e-6) {
    throw new SkerryError('invalid_request', `The percents add up to ${total}, not to 100`, { field: 'shares' })
  }
  return checked
}

function versionId(text: string): string {
  const result = versionIdSchema.safeParse(text.toUpperCase())
  if (!result.success) throw new SkerryError('invalid_request', `"${text}" is not a version id; see \`skerry versions NAME\``, { field: 'version' })
  return result.data
}

const path = (...segments: readonly string[]): string => `/v1/${segments.map(encodeURIComponent).join('/')}`

/** @see SkerryClient */
export function createClient({ url, token, account, ca }: ClientOptions): SkerryClient {
  const transport = createTransport(url, token, account, ca)
  const versions = (name: string): Promise<readonly VersionInfo[]> => readList(transport, path('functions', name, 'versions'), versionListSchema, (page) => page.versions)
  const deployment = (where: string, json: unknown, signal?: AbortSignal, idempotencyKey?: string): DeploymentStream =>
    transport.lines({ method: 'POST', path: where, json, signal, idempotencyKey, silenceMs: deploymentSilenceMs }, deploymentEventSchema)
  const release = (name: string, shares: readonly Share[], message = ''): DeploymentStream =>
    deployment(path('functions', name, 'releases'), { shares: checkShares(shares), message })

  const client: SkerryClient = {
    publish: (options) => publishProject(client, options),
    async putArtifact(hash, bytes, options = {}) {
      await transport.text({ method: 'PUT', path: path('artifacts', hash), bytes, signal: options.signal })
    },
    deploy: (request, signal, idempotencyKey) => deployment(path('deployments'), request, signal, idempotencyKey),
    versions,
    async sourceMap(name, version) {
      try {
        return await transport.text({ method: 'GET', path: path('functions', name, 'versions', versionId(version), 'source-map') })
      } catch (error) {
        if (error instanceof SkerryError && error.code === 'not_found') return undefined
        throw error
      }
    },
    release,
    ...createReleasesClient(transport),
    rollback(name, to) {
      if (to === undefined) return deployment(path('rollbacks'), { functions: [name] })
      return release(name, [{ version: versionId(to), percent: 100 }], `rollback to ${versionId(to)}`)
    },
    functions: () => readList(transport, path('functions'), functionListSchema, (page) => page.functions),
    nodes: () => readList(transport, path('nodes'), nodeListSchema, (page) => page.nodes),
    async delete(name) {
      await transport.text({ method: 'DELETE', path: path('functions', name) })
    },
    secrets: {
      async put(name, key, value) {
        const result = secretValueSchema.safeParse({ value })
        if (!result.success) throw new SkerryError('invalid_request', `The value of ${key}: ${z.prettifyError(result.error)}`, { field: 'value' })
        await transport.text({ method: 'PUT', path: path('functions', name, 'secrets', key), json: result.data })
      },
      list: (name) => readList(transport, path('functions', name, 'secrets'), secretListSchema, (page) => page.secrets),
      async delete(name, key) {
        await transport.text({ method: 'DELETE', path: path('functions', name, 'secrets', key) })
      },
    },
    tail: (name, options = {}) =>
      transport.lines({ method: 'GET', path: path('functions', name, 'tail'), signal: options.signal, silenceMs: 0 }, tailEventSchema),
    backup: () => transport.bytes({ method: 'GET', path: path('backup') }),
    domains: createDomainsClient(transport),
    peers: createPeersClient(transport),
    keys: createKeysClient(transport),
    accounts: createAccountsClient(transport),
    quotas: createQuotasClient(transport),
    members: createMembersClient(transport),
    tokens: createTokensClient(transport),
    audit: (filter = {}) => readAuditLog(transport, filter),
    close: () => transport.close(),
  }
  return client
}
