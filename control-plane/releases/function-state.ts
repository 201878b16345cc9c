import { SkerryError } from '../../errors/index.ts'
import type { FunctionState, VersionRecord } from '../protocol/index.ts'
import type { Store, StoredVersion } from '../store/index.ts'

export type Share = FunctionState['shares'][number]

const previewsKept = 10
const sharesMax = 10
/** Shares are kept to a hundredth of a per mille, so that sums do not drift. */
const shareScale = 10_000

export function toVersionRecord(version: StoredVersion): VersionRecord {
  const { account, function: functionName, version: id, artifactHash, artifactBytes, config } = version
  return { account, function: functionName, version: id, artifactHash, artifactBytes, config }
}

/**
 * The shares once `version` gets `percent` of the traffic: the others shrink in proportion. Where nothing else is active, it gets
 * all; with 0 percent, nothing.
 */
export function withShare(current: readonly Share[], version: string, percent: number): readonly Share[] {
  const others = current.filter((share) => share.version !== version && share.percent > 0)
  if (percent === 0 && others.length === 0) return []
  if (others.length === 0 || percent === 100) return [{ version, percent: 100 }]
  const othersSum = others.reduce((sum, share) => sum + share.percent, 0)
  const scaled = others.map((share) => ({
    version: share.version,
    percent: Math.round(((share.percent * (100 - percent)) / othersSum) * shareScale) / shareScale,
  }))
  const shares = [...scaled, { version, percent }].filter((share) => share.percent > 0)
  if (shares.length > sharesMax) {
    throw new SkerryError('invalid_request', `At most ${sharesMax} versions share the traffic; release fewer first.`, { field: 'percent' })
  }
  // What rounding leaves over goes to the largest, which it can not bring to nothing.
  const largest = shares.reduce((one, other) => (other.percent > one.percent ? other : one))
  const othersTotal = shares.reduce((sum, share) => (share === largest ? sum : sum + share.percent), 0)
  const remainder = Math.round((100 - othersTotal) * shareScale) / shareScale
  return shares.map((share) => (share === largest ? { version: share.version, percent: remainder } : share))
}

/** A function's state with these shares: their versions, and the last ones that load, for previews. Secrets stay sealed. */
export async function composeState(
  store: Store,
  intent: {
    readonly account: string
    readonly name: string
    readonly routes: readonly string[]
    readonly shares: readonly Share[]
    /** Versions that have just been loaded. */
    readonly loaded: ReadonlyArray<Pick<StoredVersion, 'version'>>
  },
): Promise<FunctionState> {
  const { account, name } = intent
  const versions = new Map<string, StoredVersion>()
  for (const { version: id } of [...intent.loaded, ...intent.shares]) {
    // Read now, whatever was known of it before: another replica may have deleted the function meanwhile.
    const version = await store.readVersion(account, name, id)
    if (version === undefined) throw new SkerryError('not_found', `${name} has no version ${id}.`, { field: 'shares' })
    versions.set(id, version)
  }
  for (const version of await store.readVersions(account, name, previewsKept, { isLoaded: true })) versions.set(version.version, version)
  return {
    account,
    function: name,
    routes: [...intent.routes],
    shares: [...intent.shares],
    versions: [...versions.values()].toSorted((a, b) => (a.version < b.version ? 1 : -1)).map(toVersionRecord),
    secrets: { ...(await store.readSecrets(account, name)) },
  }
}
