import type { Acknowledgement } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { BackOff } from './back-off.ts'

const triesMax = 5

/** Sends acknowledgements, each up to five times; the control plane counts a node that stays silent as missing. */
export function createAcknowledger(
  send: (acknowledgement: Acknowledgement) => Promise<void>,
  signal: AbortSignal,
  onError: (error: SkerryError) => void,
): (acknowledgement: Acknowledgement) => Promise<void> {
  return async (acknowledgement) => {
    const backOff = new BackOff(100, 2_000)
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await send(acknowledgement)
        return
      } catch (cause) {
        const isFinal = attempt >= triesMax || (cause instanceof SkerryError && cause.status < 500)
        if (isFinal) {
          if (!signal.aborted) onError(new SkerryError('server_unreachable', `Revision ${acknowledgement.sequence} could not be acknowledged.`, { cause }))
          return
        }
      }
      await backOff.wait(signal)
    }
  }
}
