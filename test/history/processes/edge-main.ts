import { readFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { basename, join } from 'node:path'
import { startEdgeNode } from '../../../edge-node/index.ts'
import { writeFileAtomically } from '../../../edge-node/storage/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import type { FunctionState } from '../../../control-plane/protocol/index.ts'
import { createFakeRuntime } from '../../helpers/fake-runtime.ts'
import { markerKey, seenFunction } from '../compact.ts'
import { endWithParent } from './end-with-parent.ts'
import { badMarker, type Told } from './follower.ts'

/** What an edge node is started with. */
export interface EdgeSettings {
  readonly name: string
  /** Control planes, of which any does. */
  readonly urls: readonly string[]
  readonly token: string
  readonly directory: string
}

/** The process of a real edge node without cells: whatever it writes to its disk as the state that it serves, it tells. */
const { name, urls, token, directory } = JSON.parse(process.argv[2] ?? '') as EdgeSettings
const tell = (event: Told): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
const { controls, create } = createFakeRuntime()
controls.testLoad = async (version) => {
  await version.readScript()
  if (version.environment[markerKey]?.startsWith(badMarker)) throw new SkerryError('startup_failed', 'it is bad')
  return { startMs: 1, cpuMs: 1 }
}
const kept = await readFile(join(directory, 'state.json'), 'utf8').catch(() => undefined)
tell({ kind: 'started', position: kept === undefined ? undefined : parse(kept).position })
await startEdgeNode({
  name, region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: urls.join(','), token, dataDirectory: directory, domain: 'localhost',
  allowOutbound: [], allowLocationHeader: false, trustedProxies: [], forwarder: false, createRuntime: create,
  writeFile: async (path, bytes) => {
    await writeFileAtomically(path, bytes)
    if (basename(path) !== 'state.json') return
    tell({ kind: 'table', ...parse(String(bytes)) })
  },
})
flushCompileCache()
endWithParent()

function parse(text: string): Pick<Extract<Told, { kind: 'table' }>, 'position' | 'functions'> {
  const { epoch, sequence, functions } = JSON.parse(text) as { readonly epoch: string; readonly sequence: number; readonly functions: readonly FunctionState[] }
  return { position: { epoch, sequence }, functions: functions.map(seenFunction) }
}
