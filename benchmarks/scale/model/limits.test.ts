import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readFigures } from '../figures.ts'
import { codeBounds, deriveLimits } from './limits.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** Bounds are copied, since most are nobody's to import: whoever changes one changes it here, and runs `npm run scale`. */
it.each([
  ['edge-node/feed/lines.ts', 'lineBytesMax = 256 * 1024 * 1024'],
  ['edge-node/edge-node.ts', 'artifactBytesDefault = 2 * 1024 * 1024 * 1024'],
  ['edge-node/feed/applier.ts', 'prefetchesWaitingMax = 100_000'],
  ['control-plane/api/node-routes.ts', 'subscribersMax = 2_000'],
  ['runtime/supervisor/edge-runtime.ts', 'cellsMax: 64'],
  ['runtime/supervisor/edge-runtime.ts', 'cellsPerAccount ?? 2'],
  ['runtime/supervisor/edge-runtime.ts', 'cellMemoryMb ?? 1_024'],
])('%s still says %s', (file, text) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(text)
})

it('divides bounds by what was measured', () => {
  const figures = readFigures()
  const limits = deriveLimits(figures)
  expect(limits.isolatesPerCell * figures.isolates.isolateBytes + figures.isolates.idleCellBytes).toBeLessThanOrEqual(codeBounds.cellMemoryBytes)
  expect(limits.functionsOfSnapshotWithTenVersions).toBeLessThan(limits.functionsOfSnapshot)
  expect(limits.functionsOfSnapshot).toBeLessThan(limits.functionsOfString)
})
