import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type FeedRecord, feedRecordSchema } from '../../control-plane/protocol/index.ts'
import { functionState } from '../../test/helpers/function-states.ts'
import { SnapshotParts } from './snapshot-parts.ts'

const position = { protocol: 1, epoch: 'e1', sequence: 7 } as const
const part = (index: number, name: string, more: object = {}): string => JSON.stringify({ type: 'snapshot-part', ...position, index, functions: [functionState(name)], ...more })
const end = (lines: readonly string[], more: object = {}): string => JSON.stringify({
  type: 'snapshot', ...position, functions: [functionState('last')], parts: { count: lines.length, hash: createHash('sha256').update(lines.join('')).digest('hex') }, ...more,
})
const heartbeat = JSON.stringify({ type: 'heartbeat', epoch: 'e1', sequence: 7 })

function joinAll(lines: readonly string[]): FeedRecord | undefined {
  const parts = new SnapshotParts()
  let last: FeedRecord | undefined
  for (const line of lines) last = parts.join(line, feedRecordSchema.parse(JSON.parse(line)))
  return last
}

describe('a snapshot in parts', () => {
  const parts = [part(0, 'a'), part(1, 'b')]

  it('is one with all functions in order', () => {
    const whole = joinAll([...parts, end(parts), ...parts, end(parts)])
    expect(whole).toMatchObject({ type: 'snapshot', sequence: 7, functions: [{ function: 'a' }, { function: 'b' }, { function: 'last' }] })
    expect(whole).not.toHaveProperty('parts')
    expect(joinAll([JSON.stringify({ type: 'snapshot', ...position, functions: [] })])).toMatchObject({ functions: [] })
  })

  it.each([
    ['a part is missing', [...parts.slice(0, 1), end(parts)]],
    ['the first is missing', [...parts.slice(1), end(parts)]],
    ['parts come in another order', [...parts.toReversed(), end(parts)]],
    ['one comes twice', [...parts, ...parts, end(parts)]],
    ['one is another one', [part(0, 'a'), part(1, 'c'), end(parts)]],
    ['one is of another sequence', [part(0, 'a'), part(1, 'b', { sequence: 8 }), end(parts)]],
    ['the end is of another epoch', [...parts, end(parts, { epoch: 'e2' })]],
    ['the end knows of none', [...parts, end(parts, { parts: undefined })]],
    ['there are none', [end(parts)]],
    ['something else comes between', [...parts, heartbeat, end(parts)]],
  ])('is refused where %s', (_what, lines) => {
    expect(() => joinAll(lines)).toThrow(expect.objectContaining({ code: 'internal_error' }) as Error)
  })
})
