export { SkerryError, type ErrorCode } from '../errors/index.ts'
export {
  type ClientOptions,
  collectDeployment,
  createClient,
  type DeploymentOutcome,
  type DeploymentStream,
  type PublishOptions,
  type PublishResult,
  type SkerryClient,
} from './client/index.ts'
export type {
  DeploymentEvent,
  DeploymentRequestInput,
  FunctionInfo,
  NodeInfo,
  TailEvent,
  VersionInfo,
} from '../control-plane/protocol/index.ts'
