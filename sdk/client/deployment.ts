import type { DeploymentEvent } from '../../control-plane/protocol/index.ts'
import { isErrorCode, SkerryError } from '../../errors/index.ts'

/** How a deployment ended. */
export type DeploymentOutcome = Omit<Extract<DeploymentEvent, { type: 'done' }>, 'type'>

/**
 * Follows a deployment to its end. Throws what it was refused with (`load_failed`, `no_nodes`, ...), the stack, which
 * the control plane mapped to the sources, in the message. @param onEvent sees every event as it comes
 */
export async function collectDeployment(
  events: AsyncIterable<DeploymentEvent>,
  onEvent?: (event: DeploymentEvent) => void,
): Promise<DeploymentOutcome> {
  let hasBegun = false
  try {
    for await (const event of events) {
      hasBegun = true
      onEvent?.(event)
      if (event.type === 'refused') throw refusal(event)
      if (event.type === 'done') {
        const { type: _, ...outcome } = event
        return outcome
      }
    }
  } catch (error) {
    if (!hasBegun || !(error instanceof SkerryError) || error.code !== 'server_unreachable') throw error
    throw brokenOff(error)
  }
  throw brokenOff()
}

/** The control plane goes on with what it has begun, or goes back; the one who asked does not know which. */
function brokenOff(cause?: Error): SkerryError {
  const text = 'The control plane broke the deployment off before its end; see `skerry versions NAME` for what became of it, or repeat it'
  return new SkerryError('server_unreachable', text, { cause })
}

function refusal(event: Extract<DeploymentEvent, { type: 'refused' }>): SkerryError {
  const code = isErrorCode(event.code) ? event.code : 'load_failed'
  const where = [event.function, event.node === undefined ? undefined : `on ${event.node}`].filter((part) => part !== undefined).join(' ')
  const stack = event.stack ?? ''
  // The stack's first line usually repeats the message.
  const detail = [stack.includes(event.detail) ? '' : event.detail, stack].filter((part) => part !== '').join('\n')
  const stored = event.functions.map(({ function: name, version }) => `\n${name} is stored as ${version}, inactive`).join('')
  const text = `${where === '' ? '' : `${where}: `}${detail}${stored}`
  return new SkerryError(code, text, event.function === undefined ? {} : { field: event.function })
}
