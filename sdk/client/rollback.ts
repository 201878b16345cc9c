import type { VersionInfo } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'

/**
 * The version that a rollback without a target goes to: the newest that once served and is older than the one that has most of
 * the traffic now. Throws `conflict` where there is none. @param versions newest first
 */
export function rollbackTarget(name: string, versions: readonly VersionInfo[]): string {
  const [active] = versions.filter(({ percent }) => percent > 0).toSorted((left, right) => right.percent - left.percent)
  if (active === undefined) throw new SkerryError('conflict', `No version of "${name}" is active; choose one with --to VERSION`)
  const earlier = versions
    .slice(versions.indexOf(active) + 1)
    .find(({ status }) => status === 'retired' || status === 'active')
  if (earlier === undefined) {
    throw new SkerryError('conflict', `No version of "${name}" that served is older than ${active.version}; choose one with --to VERSION`)
  }
  return earlier.version
}
