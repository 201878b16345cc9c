import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { functionState } from '../../test/helpers/function-states.ts'
import { writeFileAtomically } from '../storage/index.ts'
import { NodeState, type NodeStateOptions } from './node-state.ts'
import { createStateSeal } from './state-seal.ts'

let directory: string
let errors: string[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-state-'))
  errors = []
})
afterEach(() => rm(directory, { recursive: true }))

const open = (options: Partial<NodeStateOptions> = {}): Promise<NodeState> =>
  NodeState.open({ directory, onError: (error) => errors.push(error.code), wholeBytesMax: 0, ...options })
const at = (sequence: number, epoch = 'e1') => ({ epoch, sequence })
const path = (suffix = ''): string => join(directory, `state.json${suffix}`)
const sizes = async (): Promise<number[]> => Promise.all([path(), path('.changes')].map(async (of) => (await stat(of).catch(() => ({ size: 0 }))).size))
const names = (state: NodeState): string[] => [...state.functions].map((of) => of.function).toSorted()

/** A state of which the first changes stand apart. */
async function filled(options: Partial<NodeStateOptions> = {}): Promise<NodeState> {
  const state = await open(options)
  state.replaceAll(at(1), ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => functionState(name)))
  await state.save()
  state.put(at(2), [functionState('h'), functionState('a', { routes: ['x.example/*'] })])
  await state.save()
  state.remove(at(3), 'default', 'b')
  state.setAccount(at(4), { account: 'default', quotas: { requestsPerSecond: 5 } })
  await state.save()
  return state
}

async function expectFilled(options: Partial<NodeStateOptions> = {}): Promise<void> {
  const again = await open(options)
  expect(names(again)).toEqual(['a', 'c', 'd', 'e', 'f', 'g', 'h'])
  expect(again.find('default', 'a')?.routes).toEqual(['x.example/*'])
  expect([again.position, again.accounts]).toEqual([at(4), [{ account: 'default', quotas: { requestsPerSecond: 5 } }]])
}

it('knows which artifacts are in use', async () => {
  const state = await open()
  const hash = (name: string): string => functionState(name).versions[0]?.artifactHash ?? ''
  state.replaceAll(at(1), [functionState('a'), functionState('b'), { ...functionState('c'), versions: functionState('a').versions }])
  expect(['a', 'b', 'd'].map((name) => state.usesArtifact(hash(name)))).toEqual([true, true, false])
  state.remove(at(2), 'default', 'a')
  state.put(at(3), [{ ...functionState('b'), versions: functionState('d').versions }])
  expect(['a', 'b', 'd'].map((name) => state.usesArtifact(hash(name)))).toEqual([true, false, true])
  state.remove(at(4), 'default', 'c')
  expect(state.usesArtifact(hash('a'))).toBe(false)
})

describe('what a node keeps on disk', () => {
  it.each([['readable', undefined], ['sealed', createStateSeal(Buffer.alloc(32, 1))]])('is the state with the changes that were added, %s', async (_how, seal) => {
    const state = await open({ seal })
    state.replaceAll(at(1), [functionState('a')])
    await state.save()
    const [whole] = await sizes()
    await filled({ seal })
    expect((await sizes())[1]).toBeGreaterThan(0)
    expect((await readFile(path('.changes'), 'utf8')).trim().split('\n')).toHaveLength(3)
    expect((await stat(path('.changes'))).mode & 0o777).toBe(0o600)
    expect(whole).toBeGreaterThan(0)
    await expectFilled({ seal })
    expect(errors).toEqual([])
  })

  it('is one file where that is small', async () => {
    await filled({ wholeBytesMax: 1024 * 1024 })
    expect(await readdir(directory)).toEqual(['state.json'])
    await expectFilled()
  })

  it('is written as one again when the changes are as large, and goes on from there', async () => {
    const state = await filled()
    const before = await readFile(path(), 'utf8')
    for (let sequence = 5; sequence < 40; sequence += 1) {
      state.put(at(sequence), [functionState('a', { routes: [`r${sequence}.example/*`] })])
      await state.save()
      const [whole = 0, changes = 0] = await sizes()
      expect(changes).toBeLessThan(whole * 1.5)
    }
    expect(await readFile(path(), 'utf8')).not.toBe(before)
    const again = await open()
    expect([again.position, again.find('default', 'a')?.routes]).toEqual([at(39), ['r39.example/*']])
  })

  it('loses no more than a change that was cut off', async () => {
    await filled()
    const { size } = await stat(path('.changes'))
    await truncate(path('.changes'), size - 5)
    const again = await open()
    expect([again.position, again.accounts]).toEqual([at(3), []])
    again.put(at(4), [functionState('z')])
    await again.save()
    expect(names(await open())).toContain('z')
    expect(errors).toEqual([])
  })

  it.each([
    ['a change is damaged', (lines: string[]) => [lines[0] ?? '', 'x', lines[2] ?? '']],
    ['a change is missing', (lines: string[]) => [lines[0] ?? '', lines[2] ?? '', lines[2] ?? '']],
    ['changes stand in another order', (lines: string[]) => [lines[1] ?? '', lines[0] ?? '', lines[2] ?? '']],
  ])('is set aside where %s', async (_what, spoil) => {
    await filled()
    const lines = (await readFile(path('.changes'), 'utf8')).trim().split('\n')
    await writeFile(path('.changes'), `${spoil(lines).join('\n')}\n`)
    expect((await open()).position).toBeUndefined()
    expect(errors).toEqual(['internal_error'])
    expect((await readdir(directory)).toSorted()).toEqual(['state.json.changes.invalid', 'state.json.invalid'])
  })

  it('does not take changes that were made to another file', async () => {
    await filled()
    const changes = await readFile(path('.changes'), 'utf8')
    const state = await open()
    state.replaceAll(at(9, 'e2'), [functionState('new')])
    await state.save()
    await appendFile(path('.changes'), changes)
    const again = await open()
    expect([again.position, names(again), again.hasLeft('e1')]).toEqual([at(9, 'e2'), ['new'], true])
  })

  it('is whole again once a disk that was full has room', async () => {
    let isFull = false
    const state = await filled({
      write: (of, bytes) => (isFull ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) : writeFileAtomically(of, bytes)),
    })
    isFull = true
    state.replaceAll(at(5), [functionState('x')])
    await state.save()
    state.put(at(6), [functionState('y')])
    await state.save()
    expect(errors).toEqual(['storage_full', 'storage_full'])
    isFull = false
    state.put(at(7), [functionState('z')])
    await state.save()
    expect(names(await open())).toEqual(['x', 'y', 'z'])
  })

  it('takes a state whole that comes while a change is being written', async () => {
    const state = await filled()
    state.put(at(5), [functionState('i')])
    const writing = state.save()
    state.replaceAll(at(6), [functionState('only')])
    await Promise.all([writing, state.save()])
    state.put(at(7), [functionState('more')])
    await state.save()
    const again = await open()
    expect([again.position, names(again)]).toEqual([at(7), ['more', 'only']])
  })
})

it('begins anew in another region, where other secrets are told, and leaves none of those of before on disk', async () => {
  const secret = functionState('a', { secrets: { KEY: 'of-frankfurt' } })
  const state = await open({ region: 'fra' })
  state.replaceAll(at(1), [secret])
  await state.save()
  state.put(at(2), [{ ...secret, secrets: { KEY: 'of-frankfurt-2' } }])
  await state.save()
  expect(names(await open({ region: 'fra' }))).toEqual(['a'])
  const moved = await open({ region: 'iad' })
  expect([moved.position, names(moved)]).toEqual([undefined, []])
  moved.replaceAll(at(2), [{ ...secret, secrets: {} }])
  await moved.save()
  expect(await readFile(path(), 'utf8')).not.toContain('of-frankfurt')
  expect(await readdir(directory)).toEqual(['state.json'])
  expect(names(await open({ region: 'iad' }))).toEqual(['a'])
})
