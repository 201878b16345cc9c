import { createHash } from 'node:crypto'
import { type FunctionState, versionConfigSchema, type VersionRecord } from '../../../control-plane/protocol/index.ts'

export interface SyntheticOptions {
  readonly count: number
  /** Those that answer and those that are kept for previews; a function that was deployed ten times has ten. */
  readonly versionsEach: number
  readonly functionsPerAccount: number
}

const idDigits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const idLength = 26

/**
 * States as the feed carries them, of functions that differ in their names: all limits are the defaults, there are two values of configuration,
 * a route, no secret, and one version that takes all traffic.
 */
export function* syntheticFunctions({ count, versionsEach, functionsPerAccount }: SyntheticOptions): Generator<FunctionState> {
  for (let index = 0; index < count; index++) {
    const account = `account-${Math.floor(index / functionsPerAccount)}`
    const name = `function-${index}`
    const versions = Array.from({ length: versionsEach }, (_, age) => syntheticVersion(account, name, index * versionsEach + age))
    const [newest] = versions
    yield {
      account, function: name, versions, secrets: {},
      routes: [`function-${index}.example.com/*`],
      shares: newest === undefined ? [] : [{ version: newest.version, percent: 100 }],
    }
  }
}

function syntheticVersion(account: string, name: string, serial: number): VersionRecord {
  return {
    account, function: name, version: versionId(serial),
    artifactHash: createHash('sha256').update(String(serial)).digest('hex'),
    artifactBytes: 20_000 + (serial % 1_000),
    config: versionConfigSchema.parse({ env: { LOG_LEVEL: 'info', API_URL: 'https://api.example.com/v1' } }),
  }
}

/** In the form of a ULID: the serial number in its base. */
function versionId(serial: number): string {
  let rest = serial
  let text = ''
  while (text.length < idLength) {
    text = `${idDigits[rest % idDigits.length] ?? '0'}${text}`
    rest = Math.floor(rest / idDigits.length)
  }
  return text
}
