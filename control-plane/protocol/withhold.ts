import type { FunctionState, VersionRecord } from './feed.ts'
import { mayRunIn } from './regions.ts'

/**
 * A function as nodes of a region get it. What may not run there is no more than a sign that says where to go: without secrets, and without
 * the values of its environment.
 *
 * @param residency the regions that the account is held to
 */
export function withholdFrom(region: string, state: FunctionState, residency: readonly string[] | undefined): FunctionState {
  if (!isWithheld(region, state, residency)) return state
  const isAnywhere = state.versions.some((version) => mayRunIn(version.config.regions, residency, region))
  return {
    ...state,
    versions: state.versions.map((version) => withholdVersion(region, version, residency)),
    secrets: isAnywhere ? state.secrets : {},
  }
}

/** Whether nodes of the region get less than there is. */
export function isWithheld(region: string, { secrets, versions }: FunctionState, residency: readonly string[] | undefined): boolean {
  const outside = versions.filter((version) => !mayRunIn(version.config.regions, residency, region))
  if (outside.length === 0) return false
  return outside.some(hasEnvironment) || (outside.length === versions.length && Object.keys(secrets).length > 0)
}

/** As `withholdFrom`, of one version. */
export function withholdVersion(region: string, version: VersionRecord, residency: readonly string[] | undefined): VersionRecord {
  if (!hasEnvironment(version) || mayRunIn(version.config.regions, residency, region)) return version
  return { ...version, config: { ...version.config, env: {} } }
}

function hasEnvironment({ config }: VersionRecord): boolean {
  return Object.keys(config.env).length > 0
}
