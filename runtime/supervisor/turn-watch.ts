import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../bridge/index.ts'
import type { CellHandle } from './cell-handle.ts'
import type { TurnMark } from './cell-process.ts'
import type { IsolateRecord } from './isolate-record.ts'

/** The kernel's figure of a thread that runs is up to a tick behind: so much no turn is accused of. */
const tickMs = 5
/** What a turn gets after the cell was told to end it, before the whole cell is ended: its code is in what the engine can not interrupt. */
const graceMs = 70
/** CPU limit of an isolate that is gone already. */
const defaultCpuMs = 50

/** With no more turns than these between two looks, those that there were are long. */
const longTurnsMax = 2

/** What turns of the isolate that are long used since the last look, and how long they waited for a core. */
type LongTurnListener = (isolate: IsolateRecord, cpuMs: number, waitedMs: number) => void

/** The cell when it was last looked at. */
interface Look {
  readonly turn: number
  readonly runningMs: number
  readonly waitingMs: number
  /** CPU time of the thread when this turn was first seen. */
  readonly turnStartMs: number
  /** Of the turn as it was first seen: its isolate may be gone while the cell still clears up after it. */
  readonly limitMs: number
  readonly isInterrupted: boolean
}

/**
 * Ends turns that used their CPU time, by the kernel's figures and the cell's turn marker. A cell can not tell by itself: a time-out inside
 * counts by the clock, so that on a busy machine it ends the innocent or lets the endless go on.
 */
export class TurnWatch {
  readonly #onLongTurn: LongTurnListener
  readonly #looks = new WeakMap<CellHandle, Look>()

  constructor(onLongTurn: LongTurnListener) {
    this.#onLongTurn = onLongTurn
  }

  /** Call every few milliseconds while the cell has work. */
  look(cell: CellHandle): void {
    const mark = cell.mark()
    const before = this.#looks.get(cell)
    if (mark.isolateId === 0 && before?.turn === mark.turns) return
    const time = cell.threadTime()
    if (time === undefined) return
    const { runningMs, waitingMs } = time
    const isolate = cell.isolates.get(mark.isolateId)
    if (isolate !== undefined && before !== undefined && mark.turns - before.turn <= longTurnsMax) {
      this.#onLongTurn(isolate, runningMs - before.runningMs, waitingMs - before.waitingMs)
    }
    const isSameTurn = before?.turn === mark.turns
    const turnStartMs = isSameTurn ? before.turnStartMs : runningMs
    const usedMs = runningMs - turnStartMs
    const limitMs = isSameTurn ? before.limitMs : limitOf(mark, isolate)
    // The cell knows what the request used before; that it tells the truth is not needed.
    const leftMs = Math.min(mark.cpuMs, limitMs) + tickMs
    const isOver = isSameTurn && mark.isolateId !== 0 && usedMs > leftMs
    this.#looks.set(cell, { turn: mark.turns, runningMs, waitingMs, turnStartMs, limitMs, isInterrupted: isOver })
    if (!isOver) return
    if (usedMs > leftMs + graceMs) cell.kill(overrun(mark, limitMs, usedMs))
    else if (!before.isInterrupted) cell.interrupt(mark.turns)
  }
}

function limitOf({ exchangeId }: TurnMark, isolate: IsolateRecord | undefined): number {
  return exchangeId === 0 ? fixedLimits.startupCpuMs : (isolate?.version.limits.cpuMs ?? defaultCpuMs)
}

function overrun({ exchangeId }: TurnMark, limit: number, usedMs: number): SkerryError {
  const used = Math.round(usedMs)
  const what = exchangeId === 0 ? 'Start-up' : 'The request'
  return new SkerryError('cpu_limit_exceeded', `${what} used ${used} ms of CPU in one turn; the limit is ${limit} ms`, { limit, used })
}
