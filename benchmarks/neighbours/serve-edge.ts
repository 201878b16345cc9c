import { createHash } from 'node:crypto'
import { type FunctionState, versionConfigSchema } from '../../control-plane/protocol/index.ts'
import { startLocalEdge } from '../../edge-node/index.ts'
import { neighbourSource } from './functions.ts'

/** A process of its own for an edge node with three functions, in two accounts. Argument: the hog's source. Tells its URL on standard output. */
const hogSource = process.argv[2] ?? ''
const scripts = new Map<string, string>()

function functionOf(account: string, name: string, source: string): FunctionState {
  const artifactHash = createHash('sha256').update(source).digest('hex')
  scripts.set(artifactHash, source)
  const version = '01J00000000000000000000000'
  const config = versionConfigSchema.parse({})
  return {
    account, function: name, routes: [], shares: [{ version, percent: 100 }], secrets: {},
    versions: [{ account, function: name, version, artifactHash, artifactBytes: source.length, config }],
  }
}

const edge = await startLocalEdge({
  name: 'neighbours', region: 'fra', latitude: 50, longitude: 8.6, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [],
  allowLocationHeader: false, trustedProxies: [],
})
const functions = [functionOf('one', 'neighbour', neighbourSource), functionOf('two', 'neighbour', neighbourSource), functionOf('two', 'hog', hogSource)]
await edge.setFunctions(functions, (hash) => Buffer.from(scripts.get(hash) ?? ''))
process.stdout.write(`Listening on ${edge.url}\n`)
process.once('SIGTERM', () => void edge.close().finally(() => process.exit()))
