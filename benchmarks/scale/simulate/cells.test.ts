import { describe, expect, it } from 'vitest'
import { CellNode } from './cells.ts'

const settings = { cellsMax: 4, cellsPerAccount: 2, isolatesPerCell: 4, idleSeconds: 100 }
const tens = (id: number): number => Math.floor(id / 10)

describe('CellNode', () => {
  it('spreads an account over its cells, and no further', () => {
    const node = new CellNode(settings, tens)
    for (let id = 0; id < 6; id++) node.request(id, id)
    expect({ cells: node.cells, size: node.size }).toEqual({ cells: 2, size: 6 })
    expect(node.request(0, 7)).toBe(true)
  })

  it('gives up the older half of a cell that is full', () => {
    const node = new CellNode({ ...settings, cellsPerAccount: 1 }, tens)
    for (let id = 0; id < 5; id++) node.request(id, id)
    expect(node.size).toBe(3)
    expect([2, 3, 4].map((id) => node.request(id, 6))).toEqual([true, true, true])
    expect(node.request(0, 7)).toBe(false)
  })

  it('ends the cell used longest ago, with all that is in it, where an account has none and all are taken', () => {
    const node = new CellNode({ ...settings, cellsPerAccount: 1 }, tens)
    for (const [second, id] of [0, 1, 10, 20, 30].entries()) node.request(id, second)
    expect(node.cells).toBe(4)
    node.request(40, 6)
    expect({ cells: node.cells, size: node.size }).toEqual({ cells: 4, size: 4 })
    expect(node.request(10, 7)).toBe(true)
    expect(node.request(0, 8)).toBe(false)
    expect(node.cellsStarted).toBe(6)
  })

  it('unloads what idled too long', () => {
    const node = new CellNode(settings, tens)
    node.request(0, 0)
    expect(node.request(0, 99)).toBe(true)
    expect(node.request(0, 200)).toBe(false)
  })
})
