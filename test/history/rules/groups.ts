import type { History, NodeEvent, SeenFunction, Violation } from '../history.ts'

type Groups = ReadonlyArray<readonly string[]>

/**
 * Rule `whole`: functions that are only ever deployed together are of one deployment, after every revision, in every snapshot and in
 * everything that a node serves, at every moment. `groups` are the names of each group's functions.
 */
export function checkGroups({ log, nodes }: History, groups: Groups): readonly Violation[] {
  return [...checkLog(log, groups), ...[...nodes].flatMap(([node, events]) => events.flatMap((event) => {
    const seen = tableOf(event)
    return seen === undefined ? [] : mixes(seen.functions, groups).map((text) => ({ rule: 'whole', node, sequences: [seen.sequence], text: `${node} at revision ${seen.sequence} ${text}` }))
  }))]
}

function checkLog(log: History['log'], groups: Groups): readonly Violation[] {
  const table = new Map<string, SeenFunction>()
  return log.flatMap(({ change, sequence }) => {
    const violate = (text: string): Violation => ({ rule: 'whole', sequences: [sequence], text: `revision ${sequence} ${text}` })
    if (change.kind === 'prepare') {
      return mixes(change.versions.map(({ function: name, version, marker }) => ({ name, shares: [{ version, percent: 100 }], markers: { [version]: marker }, secrets: {} })), groups).map(violate)
    }
    const touched = change.kind === 'activate' ? change.functions.map(({ name }) => name) : change.kind === 'delete' ? [change.function] : []
    if (change.kind === 'activate') for (const state of change.functions) table.set(state.name, state)
    if (change.kind === 'delete') table.delete(change.function)
    return mixes([...table.values()], groups.filter((group) => group.some((name) => touched.includes(name)))).map(violate)
  })
}

function tableOf(event: NodeEvent): { readonly sequence: number; readonly functions: readonly SeenFunction[] } | undefined {
  if (event.kind === 'table') return { sequence: event.position.sequence, functions: event.functions }
  return event.kind === 'received' && event.record.type === 'snapshot' ? event.record : undefined
}

function mixes(functions: readonly SeenFunction[], groups: Groups): readonly string[] {
  return groups.flatMap((group) => {
    const members = functions.filter(({ name }) => group.includes(name))
    if (members.length === 0) return []
    if (members.length < group.length) return [`has only ${members.map(({ name }) => name).join(', ')} of ${group.join(', ')}`]
    const active = new Set(members.map(({ shares, markers }) => shares.filter(({ percent }) => percent > 0).map(({ version }) => markers[version] ?? version).toSorted().join()))
    return active.size === 1 ? [] : [`mixes ${[...active].map((each) => each || 'nothing').join(' and ')} in ${group.join(', ')}`]
  })
}
