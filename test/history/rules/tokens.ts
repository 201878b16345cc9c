import { type History, mustKnow, type Operation, type Violation } from '../history.ts'

/**
 * Rule `tokens`: a token whose creation was answered is accepted from then on, until somebody asks for its revocation; and from the answer
 * to that it is refused. Both by everybody who must know.
 */
export function checkTokens(history: History): readonly Violation[] {
  const { operations } = history
  const revocations = new Map<string, readonly Operation[]>()
  for (const operation of operations) {
    if (operation.action.kind !== 'revokeToken' || operation.outcome === 'failed') continue
    revocations.set(operation.action.token, [...(revocations.get(operation.action.token) ?? []), operation])
  }
  const created = new Map(operations.flatMap((operation) => (operation.action.kind === 'createToken' && operation.outcome === 'ok' ? [[operation.action.token, operation] as const] : [])))
  return operations.flatMap((use) => {
    if (use.action.kind !== 'useToken' || use.outcome !== 'ok') return []
    const { token } = use.action
    const revoked = revocations.get(token) ?? []
    const done = revoked.find((one) => one.outcome === 'ok' && mustKnow(history, use, one))
    if (use.isAccepted === true) {
      return done === undefined ? [] : [{ rule: 'tokens', operations: [done.id, use.id], text: `${token} was accepted by ${use.at} after its revocation had been answered` }]
    }
    const creation = created.get(token)
    const mayBeRevoked = revoked.some(({ invokeMs }) => invokeMs <= use.endMs)
    if (creation === undefined || !mustKnow(history, use, creation) || mayBeRevoked) return []
    return [{ rule: 'tokens', operations: [creation.id, use.id], text: `${token} was refused by ${use.at} though its creation had been answered and nobody revoked it` }]
  })
}
