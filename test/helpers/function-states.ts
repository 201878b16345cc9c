import { createHash } from 'node:crypto'
import { type FunctionState, versionConfigSchema, type VersionRecord } from '../../control-plane/protocol/index.ts'

/** A ULID for the n-th version of a test. */
export function versionId(number: number): string {
  return `01J${String(number).padStart(23, '0')}`
}

export function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('hex')
}

/** A version with all defaults of the project file. */
export function versionRecord(name: string, number = 1, options: { readonly config?: Record<string, unknown>; readonly script?: string; readonly account?: string } = {}): VersionRecord {
  const script = options.script ?? `// ${name} ${number}`
  return {
    account: options.account ?? 'default', function: name, version: versionId(number), artifactHash: hashOf(script),
    artifactBytes: Buffer.byteLength(script), config: versionConfigSchema.parse(options.config ?? {}),
  }
}

/** A function with one active version, or with the shares that are given. */
export function functionState(name: string, options: {
  readonly versions?: readonly VersionRecord[]
  readonly percents?: readonly number[]
  readonly routes?: readonly string[]
  readonly secrets?: Record<string, string>
  readonly account?: string
  readonly config?: Record<string, unknown>
} = {}): FunctionState {
  const account = options.account ?? 'default'
  const versions = options.versions ?? [versionRecord(name, 1, { account, ...(options.config === undefined ? {} : { config: options.config }) })]
  const percents = options.percents ?? [100]
  return {
    account, function: name, routes: [...(options.routes ?? [])], versions: [...versions], secrets: options.secrets ?? {},
    shares: versions.flatMap(({ version }, index) => percents[index] === undefined ? [] : [{ version, percent: percents[index] }]),
  }
}
