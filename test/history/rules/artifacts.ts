import { type History, mustKnow, type Violation } from '../history.ts'

/** Rule `artifacts`: the script of a deployment that was answered as done is there, byte for byte, for whoever fetches it. */
export function checkArtifacts(history: History): readonly Violation[] {
  const { operations } = history
  return operations.flatMap((fetch) => {
    const { action } = fetch
    if (action.kind !== 'fetch' || fetch.outcome !== 'ok' || fetch.isWhole === true) return []
    const deployed = operations.find((one) => one.action.kind === 'deploy' && one.action.marker === action.marker && one.outcome === 'ok' && mustKnow(history, fetch, one))
    return deployed === undefined ? [] : [{ rule: 'artifacts', operations: [deployed.id, fetch.id], text: `the script of ${action.marker} is not at ${fetch.at} though its deployment was answered as done` }]
  })
}
