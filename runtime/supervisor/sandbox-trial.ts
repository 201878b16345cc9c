import { setPriority } from 'node:os'
import { FrameType } from '../bridge/index.ts'
import { CellProcess } from './cell-process.ts'
import { type CellCommand, cellCommand, niceness, possibleLayers, type SandboxKind, type SandboxLayer } from './sandbox.ts'

/** A sandbox that cells were seen to live in. */
export interface ChosenSandbox {
  readonly kind: SandboxKind
  readonly layers: readonly SandboxLayer[]
  readonly command: CellCommand
  /** Why it is not bubblewrap, where that was tried and failed. */
  readonly complaint?: string
}

/** Starts a command as cells are started. Resolves to undefined where a cell lives in it, or to what went wrong. */
export type TryCommand = (command: CellCommand) => Promise<string | undefined>

const trialTimeoutMs = 20_000

/**
 * The strongest sandbox in which cells live here. All layers at once is tried first; where that fails, the sandbox without any, and then each
 * layer on top of those that worked.
 */
export async function chooseSandbox(wanted: 'auto' | SandboxKind, tryCommand: TryCommand = tryCell): Promise<ChosenSandbox> {
  let complaint: string | undefined
  if (wanted !== 'permission') {
    if (process.platform === 'linux') {
      const layers = await workingLayers('bubblewrap', tryCommand)
      if (typeof layers !== 'string') return { kind: 'bubblewrap', layers, command: cellCommand('bubblewrap', layers) }
      complaint = layers
    } else complaint = 'bubblewrap is for Linux'
  }
  const layers = await workingLayers('permission', tryCommand)
  const kept = typeof layers === 'string' ? [] : layers
  return { kind: 'permission', layers: kept, command: cellCommand('permission', kept), ...(complaint === undefined ? {} : { complaint }) }
}

/** The layers that work, or why the sandbox does not even without any. */
async function workingLayers(kind: SandboxKind, tryCommand: TryCommand): Promise<readonly SandboxLayer[] | string> {
  const possible = possibleLayers(kind)
  if (possible.length === 0 && kind === 'permission') return possible
  if ((await tryCommand(cellCommand(kind, possible))) === undefined) return possible
  const complaint = await tryCommand(cellCommand(kind))
  if (complaint !== undefined) return complaint
  let working: readonly SandboxLayer[] = []
  for (const layer of possible) {
    const more = [...working, layer]
    if ((await tryCommand(cellCommand(kind, more))) === undefined) working = more
  }
  return working
}

/** A cell lives when it answers a ping, has its priority set, and ends when it is killed. */
export function tryCell(command: CellCommand): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answered = false
    let complaint: string | undefined
    const timer = setTimeout(() => {
      trial?.kill()
      // A process that can not be killed ends the wait too.
      resolve(complaint ?? `no cell answered within ${trialTimeoutMs} ms`)
    }, trialTimeoutMs)
    const settle = (outcome: string | undefined): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    let trial: CellProcess | undefined
    try {
      trial = new CellProcess({
        command,
        onFrame: (type) => {
          if (type !== FrameType.pong || answered) return
          try {
            setPriority(trial?.processId ?? 0, niceness)
            answered = true
          } catch (error) {
            complaint = `its priority can not be set: ${String(error)}`
          }
          trial?.kill()
        },
        onExit: ({ summary }) => {
          complaint ??= summary
          if (answered) settle(undefined)
          else void trial?.lastWords.then((words) => settle(words === '' ? complaint : `${complaint}: ${words}`))
        },
      })
      trial.frames.batch.bare(FrameType.ping, 0)
      trial.frames.schedule()
    } catch (error) {
      settle(String(error))
    }
  })
}
