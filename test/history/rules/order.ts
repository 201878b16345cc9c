import { functionsOf, type History, keyOf, mustKnow, type Operation, type Violation } from '../history.ts'
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

/** Rule `once`: what is repeated under one key is in effect once, however often it was asked for. An attempt that was taken back may be made again. */
export function checkOnce({ claims, takenBack }: Replay): readonly Violation[] {
  const byKey = Map.groupBy([...claims].filter(([sequence]) => !takenBack.has(sequence)), ([, operation]) => keyOf(operation))
  return [...byKey].flatMap(([key, made]) => {
    if (key === undefined || made.length < 2) return []
    return [{
      rule: 'once', operations: made.map(([, { id }]) => id), sequences: made.map(([sequence]) => sequence),
      text: `what was asked for under the key ${key} was done ${made.length} times, at revisions ${made.map(([sequence]) => sequence).join(', ')}`,
    }]
  })
}

/**
 * Rule `reads`: a read tells of a state that the function had at some point between the question and the answer: none older than what it
 * must know of, none of a change that nobody had asked for yet.
 */
export function checkReads(history: History, replay: Replay): readonly Violation[] {
  const acknowledged = acknowledgedByFunction(replay)
  return history.operations.flatMap((read) => {
    const { action, outcome } = read
    if (outcome !== 'ok' || (action.kind !== 'read' && action.kind !== 'listSecrets')) return []
    const timeline = replay.timelines.get(action.function) ?? []
    const known = (acknowledged.get(action.function) ?? []).filter(({ operation }) => mustKnow(history, read, operation))
    const least = Math.max(0, ...known.map(({ sequence }) => sequence))
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

interface Acknowledged {
  readonly operation: Operation
  readonly sequence: number
}

function acknowledgedByFunction({ claims }: Replay): ReadonlyMap<string, readonly Acknowledged[]> {
  const byFunction = new Map<string, Acknowledged[]>()
  for (const [sequence, operation] of claims) {
    if (operation.outcome !== 'ok') continue
    for (const of of functionsOf(operation.action)) {
      const known = byFunction.get(of) ?? []
      known.push({ operation, sequence })
      byFunction.set(of, known)
    }
  }
  return byFunction
}
