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
  Account,
  AuditEntry,
  CreatedPeerInvitation,
  DeploymentEvent,
  DeploymentRequestInput,
  DomainInfo,
  FunctionInfo,
  Member,
  NodeInfo,
  PeerInfo,
  PeerInvitation,
  ReleaseInfo,
  RolloutInfo,
  TailEvent,
  Token,
  VersionInfo,
} from '../control-plane/protocol/index.ts'
