import { expect, test } from 'vitest'
import { scriptFormOf } from './script-form.ts'

const mark = '//# evaluation=synchronous\n'

test('a module that ends with its exports becomes a script whose value is the default one', () => {
  const form = scriptFormOf(`var answer = 42, other = 1;\nexport { answer as default, other };\n${mark}`)
  // oxlint-disable-next-line no-eval
  expect((0, eval)(form?.text ?? '')).toBe(42)
  expect(form?.text.indexOf('var answer')).toBe(-(form?.columnOffset ?? 0))
})

test('code in it is strict, and has no `this`, as in a module', () => {
  const form = scriptFormOf(`var f = [this, (function () { return this })()];\nexport { f as default };\n${mark}`)
  // oxlint-disable-next-line no-eval
  expect((0, eval)(form?.text ?? '')).toEqual([undefined, undefined])
})

test('anything else stays a module', () => {
  expect(scriptFormOf(`export default {}\n${mark}`)).toBeUndefined()
  expect(scriptFormOf('var a = 1;\nexport { a as default };\n')).toBeUndefined()
  expect(scriptFormOf(`var a = 1;\nexport { a };\n${mark}`)).toBeUndefined()
  expect(scriptFormOf(`var a = 1;\nexport { a as default };\nmore();\n${mark}`)).toBeUndefined()
})
