import type { FunctionProject } from '../../control-plane/protocol/index.ts'

/**
 * The first key that asks for what the format has and this version of Skerry does not offer, or undefined.
 * Refused rather than ignored: code that counts on a binding would fail at its first request.
 */
export function findUnoffered(project: FunctionProject): readonly string[] | undefined {
  if (project.kv.length > 0) return ['kv']
  if (Object.keys(project.queues.producers).length > 0 || project.queues.consumers.length > 0) return ['queues']
  if (project.crons.length > 0) return ['crons']
  if (Object.keys(project.services).length > 0) return ['services']
  if (project.provisioned > 0) return ['provisioned']
  if (project.concurrency.reserved > 0) return ['concurrency', 'reserved']
  return undefined
}
