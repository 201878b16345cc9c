import type { Action, SeenFunction, Share } from '../history.ts'

const percentTolerance = 0.01
const noSecrets: SeenFunction['secrets'] = {}

/**
 * What is wrong with a function's new state, were it this action's doing; undefined where nothing is. An action changes what it is about
 * and leaves everything else as it was: that is how a lost update shows.
 */
export function problemOf(action: Action, before: SeenFunction | undefined, after: SeenFunction): string | undefined {
  const { shares, secrets } = before ?? { shares: [], secrets: noSecrets }
  switch (action.kind) {
    case 'deploy':
      return deployProblem(action, shares, after) ?? (sameSecrets(after.secrets, secrets) ? undefined : `it changed secrets from ${text(secrets)} to ${text(after.secrets)}`)
    case 'release': {
      if (!sameSecrets(after.secrets, secrets)) return `it changed secrets from ${text(secrets)} to ${text(after.secrets)}`
      const wanted = action.shares.filter(({ percent }) => percent > 0)
      return sameShares(after.shares, wanted) ? undefined : `its shares are ${text(after.shares)} instead of ${text(wanted)}`
    }
    case 'putSecret':
      return secretProblem({ ...secrets, [action.key]: action.value }, shares, after)
    case 'deleteSecret': {
      const { [action.key]: removed, ...rest } = secrets
      return removed === undefined ? `there was no secret ${action.key}` : secretProblem(rest, shares, after)
    }
    default:
      return `a ${action.kind} activates nothing`
  }
}

/** The same versions with the same shares, in whatever order. */
export function sameShares(first: readonly Share[], second: readonly Share[]): boolean {
  const positive = (shares: readonly Share[]): Share[] => shares.filter(({ percent }) => percent > 0)
  const [one, other] = [positive(first), positive(second)]
  return one.length === other.length && one.every(({ version, percent }) => other.some((share) => share.version === version && near(share.percent, percent)))
}

export function sameSecrets(first: Readonly<Record<string, string>>, second: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(first)
  return keys.length === Object.keys(second).length && keys.every((key) => first[key] === second[key])
}

function deployProblem(action: Extract<Action, { kind: 'deploy' }>, before: readonly Share[], after: SeenFunction): string | undefined {
  const made = Object.entries(after.markers).flatMap(([version, marker]) => (marker === action.marker ? [version] : []))
  if (made.length === 0) return `it has no version of ${action.marker}`
  if (!action.activates) return sameShares(after.shares, before) ? undefined : `it changed shares from ${text(before)} to ${text(after.shares)}`
  const fits = made.some((version) => sameShares(after.shares, sharesWith(before, version, action.percent)))
  return fits ? undefined : `its shares are ${text(after.shares)}, which is not what ${action.percent} % of ${made.join(' or ')} makes of ${text(before)}`
}

/** The new version gets its percentage, and the others shrink in proportion. */
function sharesWith(before: readonly Share[], version: string, percent: number): readonly Share[] {
  const others = before.filter((share) => share.version !== version && share.percent > 0)
  if (others.length === 0) return percent === 0 ? [] : [{ version, percent: 100 }]
  const sum = others.reduce((total, share) => total + share.percent, 0)
  return [...others.map((share) => ({ version: share.version, percent: (share.percent * (100 - percent)) / sum })), { version, percent }]
}

function secretProblem(wanted: Readonly<Record<string, string>>, shares: readonly Share[], after: SeenFunction): string | undefined {
  if (!sameShares(after.shares, shares)) return `it changed shares from ${text(shares)} to ${text(after.shares)}`
  return sameSecrets(after.secrets, wanted) ? undefined : `its secrets are ${text(after.secrets)} instead of ${text(wanted)}`
}

function near(first: number, second: number): boolean {
  return Math.abs(first - second) < percentTolerance
}

function text(value: unknown): string {
  return JSON.stringify(value)
}
