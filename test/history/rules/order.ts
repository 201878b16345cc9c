import { functionsOf, type History, type Operation, type Violation } from '../history.ts'
import { type Point, type Replay, stateAt } from './replay.ts'
import { sameShares } from './transitions.ts'

/**
 * Rule `order`: operations stand in the log in an order that real time allows. Of two, the one that was answered before the other was
 * even asked for comes first. Together with `explained` this makes the changes linearisable: the log is the order, each takes effect at
 * one point of it, between its question and its answer.
 */
export function checkOrder({ claims }: Replay): readonly Violation[] {
  const violations: Violation[] = []
  let latest: { readonly operation: Operation; readonly sequence: number } | undefined
  for (const [sequence, operation] of [...claims].toSorted(([one], [other]) => one - other)) {
    const hasEnd = operation.outcome === 'ok' || operation.outcome === 'refused'
    if (latest !== undefined && hasEnd && operation.endMs < latest.operation.invokeMs) {
      violations.push({
        rule: 'order', operations: [operation.id, latest.operation.id], sequences: [latest.sequence, sequence],
        text: `operation ${operation.id} was answered before ${latest.operation.id} was asked for, and yet stands behind it in the log`,
      })
    }
    if (latest === undefined || operation.invokeMs > latest.operation.invokeMs) latest = { operation, sequence }
  }
  return violations
}

/**
 * Rule `reads`: a read tells of a state that the function had at some point between the question and the answer: none older than what
 * had been acknowledged before, none of a change that nobody had asked for yet.
 */
export function checkReads({ operations }: History, replay: Replay): readonly Violation[] {
  const acknowledged = lastAcknowledged(replay)
  return operations.flatMap((read) => {
    const { action, outcome } = read
    if (outcome !== 'ok' || (action.kind !== 'read' && action.kind !== 'listSecrets')) return []
    const timeline = replay.timelines.get(action.function) ?? []
    const least = acknowledged(action.function, read.invokeMs)
    const possible = [
      stateAt(timeline, least),
      ...timeline.filter((point) => point.sequence > least && wasAsked(point, read.endMs)).map(({ state }) => state),
    ]
    const fits = possible.some((state) => action.kind === 'read'
      ? sameShares(state?.shares ?? [], read.shares ?? [])
      : Object.keys(state?.secrets ?? {}).toSorted().join() === [...(read.secrets ?? [])].toSorted().join())
    if (fits) return []
    const told = JSON.stringify(action.kind === 'read' ? read.shares ?? null : read.secrets)
    return [{
      rule: 'reads', operations: [read.id], sequences: [least],
      text: `operation ${read.id} read ${told} of ${action.function}, which it was at no point from revision ${least}, acknowledged before, to the answer`,
    }]
  })
}

function wasAsked({ operation }: Point, byMs: number): boolean {
  return operation === undefined || operation.invokeMs <= byMs
}

/** The newest revision of a function that somebody had an answer about before a time; 0 for none. */
function lastAcknowledged({ claims }: Replay): (of: string, beforeMs: number) => number {
  const byFunction = new Map<string, Array<{ readonly endMs: number; readonly sequence: number }>>()
  for (const [sequence, operation] of claims) {
    if (operation.outcome !== 'ok') continue
    for (const of of functionsOf(operation.action)) byFunction.set(of, [...(byFunction.get(of) ?? []), { endMs: operation.endMs, sequence }])
  }
  return (of, beforeMs) => Math.max(0, ...(byFunction.get(of) ?? []).filter(({ endMs }) => endMs < beforeMs).map(({ sequence }) => sequence))
}
