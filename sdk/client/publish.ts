import { createHash } from 'node:crypto'
import type { DeploymentEvent, DeploymentRequestInput, FunctionProject, RolloutSettings } from '../../control-plane/protocol/index.ts'
import type { Bundle } from '../bundle/index.ts'
import { collectDeployment, type DeploymentOutcome } from './deployment.ts'

/** What publishing needs of a client. */
export interface Publisher {
  putArtifact(hash: string, bytes: Uint8Array): Promise<void>
  deploy(request: DeploymentRequestInput, signal?: AbortSignal, idempotencyKey?: string): AsyncIterable<DeploymentEvent>
}

export interface PublishOptions {
  /** The folder of skerry.jsonc. */
  readonly directory: string
  readonly message?: string
  /** Share of the new versions, 0 to 100. */
  readonly percent?: number
  /** False stores the versions without giving them traffic. */
  readonly activate?: boolean
  /** In place of `percent`: the share grows step by step. */
  readonly rollout?: RolloutSettings | undefined
  /** Published once, however often it is tried with this key. */
  readonly idempotencyKey?: string | undefined
  readonly onBundle?: (functionName: string, bundle: Bundle) => void
  readonly onEvent?: (event: DeploymentEvent) => void
}

export interface PublishResult extends DeploymentOutcome {
  /** By function name. */
  readonly bundles: ReadonlyMap<string, Bundle>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function deploymentOf(project: FunctionProject, bundle: Bundle) {
  const { name, main: _main, routes, ...config } = project
  return { name, artifactHash: bundle.hash, sourceMapHash: sha256(bundle.sourceMap), config, routes }
}

/**
 * Bundles every function of a project, uploads scripts and source maps, and releases them as one group.
 * Throws `config_invalid`, `bundle_failed`, `script_too_large`, or what the control plane refuses with.
 */
export async function publishProject(client: Publisher, options: PublishOptions): Promise<PublishResult> {
  // Loaded here: programs that only administer do not pay for esbuild.
  const [{ loadProject }, { bundleFunction }] = await Promise.all([import('../project/index.ts'), import('../bundle/index.ts')])
  const project = await loadProject(options.directory)
  const bundles = new Map<string, Bundle>()
  for (const { name, main } of project.functions) {
    const bundle = await bundleFunction({ directory: project.directory, main })
    bundles.set(name, bundle)
    options.onBundle?.(name, bundle)
  }
  for (const bundle of bundles.values()) {
    await client.putArtifact(bundle.hash, bundle.script)
    await client.putArtifact(sha256(bundle.sourceMap), Buffer.from(bundle.sourceMap))
  }
  const events = client.deploy({
    functions: project.functions.flatMap((found) => {
      const bundle = bundles.get(found.name)
      return bundle === undefined ? [] : [deploymentOf(found, bundle)]
    }),
    message: options.message ?? '',
    activate: options.activate ?? true,
    percent: options.percent ?? 100,
    ...(options.rollout === undefined ? {} : { rollout: options.rollout }),
  }, undefined, options.idempotencyKey)
  return { ...(await collectDeployment(events, options.onEvent)), bundles }
}
