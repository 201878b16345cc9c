/** What was done to the cluster, or happened in it. */
export type DisruptionKind =
  | 'cell killed' | 'cell stopped' | 'cell died' | 'node killed' | 'node stopped' | 'gateway killed' | 'control plane killed'

/** Kinds that end a process, and with it what had begun there. */
const deadly: ReadonlySet<DisruptionKind> = new Set(['cell killed', 'cell died', 'node killed', 'gateway killed', 'control plane killed'])

export interface Disruption {
  readonly kind: DisruptionKind
  /** Label of the process, or of the node whose cell it is. */
  readonly target: string
  /** As `performance.now` tells it. */
  readonly fromMs: number
  /** When what was disrupted worked again; undefined while it does not. */
  toMs: number | undefined
}

/** A request's time and the processes it may have gone through. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  /** Labels of gateways and nodes; empty where they are not known, which means any. */
  readonly doors: readonly string[]
}

/** Signals and sockets take their time, and a node tells of a dead cell when it gets to it. */
const slackMs = 1_000

/** Everything that happened, in order, and whether it may explain what a client saw. */
export class Timeline {
  readonly startedMs = performance.now()
  readonly disruptions: Disruption[] = []
  readonly notes: { readonly atMs: number; readonly text: string }[] = []

  begin(kind: DisruptionKind, target: string): Disruption {
    const disruption: Disruption = { kind, target, fromMs: performance.now(), toMs: undefined }
    this.disruptions.push(disruption)
    return disruption
  }

  /** For what is over as soon as it began. */
  add(kind: DisruptionKind, target: string): void {
    this.begin(kind, target).toMs = performance.now()
  }

  note(text: string): void {
    this.notes.push({ atMs: performance.now(), text })
  }

  count(kind: DisruptionKind): number {
    return this.disruptions.filter((disruption) => disruption.kind === kind).length
  }

  /** Something that the request may have been in was killed after it began and before it ended. */
  wasKilledUnder(span: Span): boolean {
    return this.disruptions.some(({ kind, target, fromMs }) =>
      deadly.has(kind) && isOnTheWay(span, target) && fromMs >= span.fromMs - slackMs && fromMs <= span.toMs + slackMs)
  }

  /** Something that the request may have been in was being killed, stopped, or started anew meanwhile. */
  wasDisrupted(span: Span): boolean {
    return this.disruptions.some(({ target, fromMs, toMs }) =>
      isOnTheWay(span, target) && fromMs <= span.toMs + slackMs && (toMs ?? Number.POSITIVE_INFINITY) >= span.fromMs - slackMs)
  }

  /** What happened around a moment, a line each. */
  around(atMs: number, withinMs: number): string[] {
    const events = [
      ...this.disruptions.map(({ kind, target, fromMs, toMs }) => ({
        atMs: fromMs, text: `${target}: ${kind}${toMs === undefined ? '' : ` (for ${Math.round(toMs - fromMs)} ms)`}`,
      })),
      ...this.notes,
    ]
    return events
      .filter((event) => Math.abs(event.atMs - atMs) <= withinMs)
      .toSorted((left, right) => left.atMs - right.atMs)
      .map((event) => `${this.at(event.atMs)} ${event.text}`)
  }

  /** Seconds since the beginning, for people. */
  at(atMs: number): string {
    return `${((atMs - this.startedMs) / 1_000).toFixed(3).padStart(8)} s`
  }
}

function isOnTheWay({ doors }: Span, target: string): boolean {
  return doors.length === 0 || doors.includes(target)
}
