import type { DeploymentEvent } from '../../control-plane/protocol/index.ts'
import type { DeploymentOutcome } from '../client/index.ts'
import type { Reporter } from './reporter.ts'

/** A size for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(2)} MB`
}

const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`

/** Lines for people on one step of a deployment. */
export function showEvent(event: DeploymentEvent, reporter: Reporter): void {
  if (event.type === 'stored') {
    for (const { function: name, version } of event.functions) reporter.say(`stored ${name} as ${version}`)
  }
  showAcknowledgement(event, reporter)
}

/** A line for people on a node that is done, with a deployment or with what stores nothing. */
export function showAcknowledgement(event: DeploymentEvent, reporter: Reporter): void {
  if (event.type === 'acknowledged') {
    const verb = event.phase === 'prepare' ? 'loaded in' : 'serving in'
    reporter.say(`  ${verb} ${reporter.bold(event.region)} (${event.node}) after ${milliseconds(event.ackMs)}`)
  }
}

/** The end of a deployment for people. */
export function summarizeDeployment(outcome: DeploymentOutcome, reporter: Reporter): void {
  if (!outcome.activated) {
    for (const { function: name, version } of outcome.functions) {
      reporter.say(`${name} ${version} is stored, without traffic. Release it: skerry release ${name} ${version}=100`)
    }
    return
  }
  const count = outcome.nodes.length
  reporter.say(`revision ${outcome.revision} serves on ${count} ${count === 1 ? 'node' : 'nodes'} after ${milliseconds(outcome.propagationMs)}`)
  if (outcome.missing.length > 0) reporter.say(`not yet there, will catch up: ${outcome.missing.join(', ')}`)
  for (const { url } of outcome.functions) reporter.say(reporter.bold(url))
  const [first] = outcome.functions
  if (outcome.rollout !== undefined && first !== undefined) reporter.say(`the roll-out goes on by itself; see how: skerry rollout ${first.function} --watch`)
}
