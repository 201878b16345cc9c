import { expect, test } from 'vitest'
import type { SkerryError } from '../../errors/index.ts'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import type { Blame, CellHandle } from './cell-handle.ts'
import type { IsolateRecord } from './isolate-record.ts'
import { LivenessWatch } from './liveness-watch.ts'
import { MemoryWatch } from './memory-watch.ts'
import { PipeWatch } from './pipe-watch.ts'
import { StartWatch } from './start-watch.ts'
import { TurnWatch } from './turn-watch.ts'

/** A cell as the watches see it, and what they did to it. */
class ScriptedCell {
  turns = 0
  isolateId = 0
  exchangeId = 2
  cpuMs = 50
  runningMs = 0
  waitingMs = 0
  megabytes = 100
  awaitsPong = false
  framesReceived = 0
  backlogBytes = 0
  readonly interrupted: number[] = []
  readonly kills: { readonly code: string | undefined; readonly blames: Blame }[] = []
  readonly isolates = new Map<number, Pick<IsolateRecord, 'version'>>([[1, { version: versionOf('victim', '') }]])

  mark(): unknown {
    return { turns: this.turns, isolateId: this.isolateId, exchangeId: this.exchangeId, highestExchangeId: 0, cpuMs: this.cpuMs }
  }
  /** NaN stands for a system that does not tell. */
  threadTime(): unknown {
    return Number.isNaN(this.runningMs) ? undefined : { runningMs: this.runningMs, waitingMs: this.waitingMs }
  }
  residentMb(): number {
    return this.megabytes
  }
  interrupt(turn: number): void {
    this.interrupted.push(turn)
  }
  kill(error?: SkerryError, blames: Blame = 'running'): void {
    this.kills.push({ code: error?.code, blames })
  }
  ping(): void {
    this.awaitsPong = true
  }
  get handle(): CellHandle {
    return this as unknown as CellHandle
  }
}

function watchTurns(cell: ScriptedCell): { readonly longMs: number[]; readonly look: (runsMs?: number) => void } {
  const longMs: number[] = []
  const watch = new TurnWatch((_isolate, cpuMs) => longMs.push(cpuMs))
  return {
    longMs,
    look: (runsMs = 0) => {
      cell.runningMs += runsMs
      watch.look(cell.handle)
    },
  }
}

test('a turn is told to end once it used its CPU time, and its cell is ended where that helps not', () => {
  const cell = new ScriptedCell()
  const { look } = watchTurns(cell)
  Object.assign(cell, { turns: 7, isolateId: 1 })
  look()
  for (let step = 0; step < 5; step++) look(10)
  expect(cell.interrupted).toEqual([])
  look(10)
  look(10)
  expect(cell.interrupted).toEqual([7])
  for (let step = 0; step < 5; step++) look(10)
  expect(cell.kills).toEqual([])
  look(10)
  expect(cell.kills).toEqual([{ code: 'cpu_limit_exceeded', blames: 'running' }])
})

test('a process of which the system tells nothing any more is accused of nothing', () => {
  const cell = new ScriptedCell()
  const { look } = watchTurns(cell)
  Object.assign(cell, { turns: 7, isolateId: 1 })
  look()
  cell.runningMs = Number.NaN
  look()
  look()
  expect([cell.interrupted, cell.kills]).toEqual([[], []])
})

test('a turn that only waits for a core is left alone for ever', () => {
  const cell = new ScriptedCell()
  const { look } = watchTurns(cell)
  Object.assign(cell, { turns: 7, isolateId: 1 })
  for (let step = 0; step < 1_000; step++) look(0.05)
  expect(cell.interrupted).toEqual([])
})

test('a turn keeps its limit where its isolate is lost before it is over', () => {
  const cell = new ScriptedCell()
  const { version } = cell.isolates.get(1) ?? { version: versionOf('none', '') }
  cell.isolates.set(1, { version: { ...version, limits: { ...version.limits, cpuMs: 500 } } })
  const { look } = watchTurns(cell)
  Object.assign(cell, { turns: 7, isolateId: 1, cpuMs: 500 })
  look()
  look(300)
  cell.isolates.delete(1)
  look(50)
  expect([cell.interrupted, cell.kills]).toEqual([[], []])
})

test('what the request used before counts, and more than its limit a cell can not claim', () => {
  const cell = new ScriptedCell()
  const { look } = watchTurns(cell)
  Object.assign(cell, { turns: 1, isolateId: 1, cpuMs: 10 })
  look()
  look(16)
  expect(cell.interrupted).toEqual([1])
  Object.assign(cell, { turns: 2, isolateId: 1, cpuMs: 1e6 })
  look()
  look(60)
  expect(cell.interrupted).toEqual([1, 2])
})

test('time between turns is nobody\'s, and many short turns are no long one', () => {
  const cell = new ScriptedCell()
  const { look, longMs } = watchTurns(cell)
  for (let turn = 1; turn < 100; turn++) {
    Object.assign(cell, { turns: turn * 3, isolateId: 1 })
    look(9)
    cell.isolateId = 0
    look(9)
  }
  expect(cell.interrupted).toEqual([])
  expect(longMs).toEqual([])
  Object.assign(cell, { turns: 300, isolateId: 1 })
  look()
  look(9)
  cell.turns++
  look(8)
  expect(longMs).toEqual([9, 8])
})

function watchMemory(cell: ScriptedCell, idleIsolates: number) {
  const done = { evicted: 0, retired: 0, replaced: 0 }
  const watch = new MemoryWatch({
    cellMemoryMb: 1_000,
    pressure: {
      evictIdle: () => {
        if (done.evicted >= idleIsolates) return false
        done.evicted++
        return true
      },
      retireLargest: () => void done.retired++,
      replace: () => void done.replaced++,
    },
  })
  return {
    done,
    look: (megabytes: number) => {
      cell.megabytes = megabytes
      watch.look(cell.handle)
    },
  }
}

test('growth within a turn is that turn\'s fault', () => {
  const cell = new ScriptedCell()
  const { look } = watchMemory(cell, 0)
  Object.assign(cell, { turns: 3, isolateId: 1 })
  look(200)
  look(420)
  expect(cell.kills).toEqual([])
  look(430)
  expect(cell.kills).toEqual([{ code: 'memory_limit_exceeded', blames: 'running' }])
})

test('growth between turns is nobody\'s fault', () => {
  const cell = new ScriptedCell()
  const { look } = watchMemory(cell, 0)
  Object.assign(cell, { turns: 3, isolateId: 0 })
  look(200)
  look(700)
  expect(cell.kills).toEqual([])
})

test('under pressure the idle go first, then the largest, and each time the engine gets a while to free the memory', () => {
  const cell = new ScriptedCell()
  const { look, done } = watchMemory(cell, 1)
  for (let step = 0; step < 31; step++) {
    cell.turns++
    look(1_100 + step * 10)
  }
  expect(done).toEqual({ evicted: 1, retired: 2, replaced: 0 })
})

test('what was given up stays with the process, so that a cell which grows no more keeps the rest of its isolates', () => {
  const cell = new ScriptedCell()
  const { look, done } = watchMemory(cell, 10)
  for (let step = 0; step < 100; step++) look(1_100 + (step % 15))
  expect(done.evicted).toBe(1)
  look(900)
  look(1_100)
  expect(done.evicted).toBe(2)
})

test('a cell over its budget is replaced, and ended where that is too late, without blame', () => {
  const cell = new ScriptedCell()
  const { look, done } = watchMemory(cell, 0)
  cell.turns++
  look(1_600)
  expect(done.replaced).toBe(1)
  cell.turns++
  look(2_100)
  expect(cell.kills).toEqual([{ code: 'memory_limit_exceeded', blames: 'nobody' }])
})

test('a cell that does nothing and answers nothing is ended; one that works or starves is not', () => {
  for (const { runs, waits, isEnded } of [{ runs: 0, waits: 0, isEnded: true }, { runs: 10, waits: 0, isEnded: false }, { runs: 0, waits: 9, isEnded: false }]) {
    const cell = new ScriptedCell()
    let nowMs = 0
    const watch = new LivenessWatch(() => nowMs)
    for (let step = 0; step < 700; step++) {
      nowMs += 10
      cell.runningMs += runs
      cell.waitingMs += waits
      watch.look(cell.handle)
    }
    expect(cell.kills.length > 0).toBe(isEnded)
  }
})

test('a cell that floods the node by its pipe, or takes nothing from it, is ended, and a busy one is not', () => {
  for (const { frames, backlogBytes, kills } of [{ frames: 9_000, backlogBytes: 1e8, kills: 0 }, { frames: 30_000, backlogBytes: 0, kills: 1 }, { frames: 0, backlogBytes: 6e8, kills: 1 }]) {
    const cell = new ScriptedCell()
    const watch = new PipeWatch()
    for (let look = 0; look < 1_000 && cell.kills.length === 0; look++) {
      cell.framesReceived += frames
      cell.backlogBytes = backlogBytes
      watch.look(cell.handle)
    }
    expect(cell.kills).toHaveLength(kills)
  }
})

test('a node that was stopped itself accuses no cell', () => {
  const cell = new ScriptedCell()
  let nowMs = 0
  const watch = new LivenessWatch(() => nowMs)
  watch.look(cell.handle)
  nowMs += 60_000
  watch.look(cell.handle)
  expect(cell.kills).toEqual([])
})

test('who was alone in a cell that stopped is not to blame where no turn of it ran', () => {
  for (const isolateId of [0, 1]) {
    const cell = new ScriptedCell()
    cell.isolateId = isolateId
    let nowMs = 0
    const watch = new LivenessWatch(() => nowMs)
    for (let step = 0; step < 400; step++) {
      nowMs += 10
      watch.look(cell.handle)
    }
    expect(cell.kills[0]?.blames).toBe(isolateId === 0 ? 'nobody' : 'running')
  }
})

test('a cell that does not come up is ended, without blame', () => {
  const cell = new ScriptedCell()
  const watch = new StartWatch()
  for (let step = 0; step < 2_999; step++) watch.look(cell.handle)
  expect(cell.kills).toEqual([])
  watch.look(cell.handle)
  expect(cell.kills).toEqual([{ code: 'isolate_crashed', blames: 'nobody' }])
})
