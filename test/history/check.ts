import type { History, Violation } from './history.ts'
import { checkArtifacts } from './rules/artifacts.ts'
import { checkLog, checkNodes } from './rules/feed.ts'
import { checkGroups } from './rules/groups.ts'
import { checkOnce, checkOrder, checkReads } from './rules/order.ts'
import { replay } from './rules/replay.ts'
import { checkTokens } from './rules/tokens.ts'

/** Every rule by name, with what it says; told in docs/survival.md. */
export const rules = ['log', 'explained', 'acknowledged', 'refused', 'order', 'once', 'reads', 'feed', 'kept', 'table', 'caught up', 'whole', 'artifacts', 'tokens'] as const

/** What of a history breaks a rule. */
export function checkHistory(history: History, groups: ReadonlyArray<readonly string[]>): readonly Violation[] {
  const replayed = replay(history)
  return [
    ...checkLog(history),
    ...replayed.violations,
    ...checkOrder(replayed),
    ...checkOnce(replayed),
    ...checkReads(history, replayed),
    ...checkNodes(history, replayed),
    ...checkGroups(history, groups),
    ...checkArtifacts(history),
    ...checkTokens(history),
  ]
}
