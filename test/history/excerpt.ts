import type { History, Operation, Violation } from './history.ts'

const linesMax = 40
const aroundMs = 1_500

/** What shows a violation: the operations and revisions that it names, who else changed the same meanwhile, and what was disturbed then. */
export function excerpt(history: History, violation: Violation): string {
  const ids = new Set(violation.operations)
  const sequences = new Set(violation.sequences)
  const named = history.operations.filter(({ id }) => ids.has(id))
  const entries = history.log.filter(({ sequence }) => sequences.has(sequence))
  const times = [...named.flatMap(({ invokeMs, endMs }) => [invokeMs, endMs]), ...entries.map(({ seenMs }) => seenMs)]
  const [fromMs, toMs] = [Math.min(...times) - aroundMs, Math.max(...times) + aroundMs]
  const told = violation.node === undefined ? [] : (history.nodes.get(violation.node) ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
  const disrupted = history.disruptions.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
  const lines = [
    ...named.map((operation) => ({ atMs: operation.invokeMs, text: describe(operation) })),
    ...entries.map(({ seenMs, sequence, change }) => ({ atMs: seenMs, text: `revision ${sequence}: ${JSON.stringify(change).slice(0, 1_200)}` })),
    ...disrupted.slice(0, linesMax).map(({ atMs, text }) => ({ atMs, text: `  ${text}` })),
    ...told.slice(-linesMax).map(({ atMs, ...event }) => ({ atMs, text: `  ${violation.node}: ${JSON.stringify(event).slice(0, 160)}` })),
  ].toSorted((one, other) => one.atMs - other.atMs)
  const beginMs = history.operations[0]?.invokeMs ?? 0
  return [
    `[${violation.rule}] ${violation.text}`,
    ...lines.map(({ atMs, text }) => `  ${((atMs - beginMs) / 1_000).toFixed(3).padStart(8)} s  ${text}`),
  ].join('\n')
}

function describe({ id, client, at, action, invokeMs, endMs, outcome, revision, detail }: Operation): string {
  const result = [outcome, revision === undefined ? '' : `revision ${revision}`, detail ?? ''].filter((part) => part !== '').join(', ')
  return `operation ${id} of ${client} at ${at}: ${JSON.stringify(action)} -> ${result} after ${Math.round(endMs - invokeMs)} ms`
}
