import { expect, it } from 'vitest'
import { fillSections, table } from './sections.ts'

const document = 'Before.\n\n<!-- one -->\nold\n<!-- /one -->\n\nBetween.\n\n<!-- two -->\n<!-- /two -->\n'

it('puts each section between its marks, and leaves the rest', () => {
  const filled = fillSections(document, { one: 'new', two: 'first' })
  expect(filled).toBe('Before.\n\n<!-- one -->\nnew\n<!-- /one -->\n\nBetween.\n\n<!-- two -->\nfirst\n<!-- /two -->\n')
  expect(fillSections(filled, { one: 'new', two: 'first' })).toBe(filled)
})

it('refuses what has no place, and a place that is not filled', () => {
  expect(() => fillSections(document, { one: 'a', two: 'b', three: 'c' })).toThrow('no place for three')
  expect(() => fillSections(document, { one: 'a' })).toThrow('asks for two')
})

it('writes a table with numbers to the right, and text to the left', () => {
  expect(table(['what', 'why'], [['a', 'b']], 'text')).toBe('| what | why |\n| --- | --- |\n| a | b |')
  expect(table(['what', 'much'], [['a', '1']])).toBe('| what | much |\n| --- | --: |\n| a | 1 |')
})
