export { type ClientOptions, createClient, type DeploymentStream, type PutArtifactOptions, type SkerryClient } from './client.ts'
export { publishProject, type PublishOptions, type PublishResult } from './publish.ts'
export { isLocalhostName, lookupWithLocalhost } from './lookup.ts'
export { collectDeployment, type DeploymentOutcome } from './deployment.ts'
