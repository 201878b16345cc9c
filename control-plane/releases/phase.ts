import type { Clock } from '../clock.ts'
import type { AcknowledgementBoard, ConnectedNode, NodeDirectory } from '../feed/index.ts'
import type { Acknowledgement, DeploymentEvent } from '../protocol/index.ts'
import type { StoredRevision } from '../store/index.ts'

export type FailedOutcome = Extract<Acknowledgement['outcome'], { status: 'failed' }>
export interface NodeAcknowledgement {
  readonly node: string
  readonly region: string
  readonly ackMs: number
}

export interface PhaseResult {
  readonly revision: StoredRevision
  readonly acknowledged: readonly NodeAcknowledgement[]
  readonly failures: ReadonlyArray<{ readonly node: string; readonly outcome: FailedOutcome }>
  /** Nodes that were waited for and did not acknowledge, those that were only to hear of it too. */
  readonly missing: readonly string[]
}

export interface PhaseOptions {
  readonly phase: 'prepare' | 'activate'
  /** What the nodes are to carry out. */
  readonly revision: StoredRevision
  /** Whether this node is to carry it out, and is waited for. */
  readonly isAwaited: (node: ConnectedNode) => boolean
  /** Whether a node that is to carry nothing out is waited for nevertheless, as it has to know where to send clients; nothing fails by it. */
  readonly isInformed?: (node: ConnectedNode) => boolean
  readonly emit: (event: DeploymentEvent) => void
  /** The phase ends after this long in any case. */
  readonly overallMs: number
  /** Once a node has answered, the others have this long after the last answer. */
  readonly idleMs: number
  /** Ends the phase at once with this outcome. */
  readonly isFatal: (outcome: FailedOutcome) => boolean
  readonly signal: AbortSignal
}

export interface PhaseDependencies {
  readonly nodes: NodeDirectory
  readonly board: AcknowledgementBoard
  readonly clock: Clock
}

/** Waits, for a bounded time, for the acknowledgements of a revision by the nodes that are connected now. */
export async function runPhase(dependencies: PhaseDependencies, options: PhaseOptions): Promise<PhaseResult> {
  const { nodes, board, clock } = dependencies
  const { revision } = options
  const pending = new Set<string>()
  const acknowledged = new Map<string, NodeAcknowledgement>()
  const failures = new Map<string, FailedOutcome>()
  const cleanUps: Array<() => void> = []
  const ended = Promise.withResolvers<void>()
  const finish = (): void => ended.resolve()

  const awaited = new Set<string>()
  const informed = new Set<string>()
  const heard = new Set<string>()
  /** Nodes that came later count too; those that the versions do not concern acknowledge what they did not do. */
  const isRelevant = (name: string): boolean =>
    awaited.has(name) || nodes.connected().some((node) => node.name === name && options.isAwaited(node))

  let cancelIdle = (): void => {}
  const answered = (node: string): void => {
    pending.delete(node)
    cancelIdle()
    cancelIdle = clock.after(options.idleMs, finish)
    if (pending.size === 0) finish()
  }

  const publishedMs = clock.monotonicMs()
  for (const node of nodes.connected()) {
    if (options.isAwaited(node)) awaited.add(node.name)
    else if (options.isInformed?.(node) === true) informed.add(node.name)
  }
  for (const name of [...awaited, ...informed]) pending.add(name)
  options.signal.addEventListener('abort', finish)
  cleanUps.push(
    nodes.onDisconnect((node) => {
      if (pending.delete(node) && pending.size === 0) finish()
    }),
    clock.after(options.overallMs, finish),
    board.watch(revision.sequence, (node, outcome) => {
      if (informed.has(node)) {
        if (outcome.status === 'applied') heard.add(node)
        if (pending.has(node)) answered(node)
        return
      }
      if (acknowledged.has(node) || failures.has(node) || !isRelevant(node)) return
      if (outcome.status === 'failed') {
        failures.set(node, outcome)
        if (options.isFatal(outcome)) finish()
      } else {
        const acknowledgement = { node, region: nodes.region(node), ackMs: rounded(clock.monotonicMs() - publishedMs) }
        acknowledged.set(node, acknowledgement)
        options.emit({ type: 'acknowledged', phase: options.phase, ...acknowledgement })
      }
      answered(node)
    }),
  )
  if (pending.size === 0 || options.signal.aborted) finish()
  try {
    await ended.promise
    return {
      revision,
      acknowledged: [...acknowledged.values()],
      failures: [...failures].map(([node, outcome]) => ({ node, outcome })),
      missing: [...awaited, ...informed].filter((node) => !acknowledged.has(node) && !heard.has(node)),
    }
  } finally {
    cancelIdle()
    options.signal.removeEventListener('abort', finish)
    for (const cleanUp of cleanUps) cleanUp()
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000
}
