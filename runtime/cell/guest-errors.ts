import type { Transfer } from '../bridge/index.ts'
import { shortened } from './frame-sizes.ts'

/** What errors that come out of an isolate say, without anything of the host. */

/** What the event `rejection` says of a reason. The boundary copies primitives and errors; for any other object it gives an error of its own. */
export function rejectionOf(error: unknown): [first: Transfer, second: Transfer] {
  if (error instanceof Error) return [shortened(error.message), `${shortened(error.name)}\n${guestStack(error)}`]
  return [typeof error === 'string' || typeof error === 'number' || typeof error === 'boolean' ? error : String(error), undefined]
}

/** Whether a call was cut by its backstop. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Script execution timed out.'
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return shortened(error.name === 'Error' ? error.message : `${error.name}: ${error.message}`)
  return shortened(String(error))
}

/** The part of a stack that lies inside the isolate: what follows the boundary names the host's files. */
export function guestStack(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return ''
  const [inside = ''] = error.stack.split('\n    at (<isolated-vm boundary>)')
  return functionFrames(inside)
}

/** A stack without the frames of the guest layer: its author knows nothing of them. */
export function functionFrames(stack: string): string {
  return shortened(stack)
    .split('\n')
    .filter((line) => !line.includes('skerry:guest'))
    .join('\n')
    .trimEnd()
}
