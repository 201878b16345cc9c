import { ulid } from 'ulid'
import type { FunctionProject, FunctionState } from '../../control-plane/protocol/index.ts'
import type { Bundle } from '../bundle/index.ts'

export interface LocalFunction {
  readonly project: FunctionProject
  readonly bundle: Pick<Bundle, 'hash' | 'bytes'>
  /** In place of what `skerry secret put` sets. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Besides those of the project. */
  readonly routes?: readonly string[]
}

/** A function as an edge node without a control plane is told of it: a new version that has all the traffic. */
export function toFunctionState({ project, bundle, secrets, routes = [] }: LocalFunction): FunctionState {
  const { name, main: _main, routes: projectRoutes, ...projectConfig } = project
  // There is one place here, wherever the function is meant to run.
  const config = { ...projectConfig, regions: ['*'] }
  const version = ulid()
  return {
    account: 'default',
    function: name,
    routes: [...projectRoutes, ...routes],
    shares: [{ version, percent: 100 }],
    versions: [{ account: 'default', function: name, version, artifactHash: bundle.hash, artifactBytes: bundle.bytes, config }],
    secrets: { ...secrets },
  }
}
