import { expect, test } from 'vitest'
import { guestFactory } from '../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
/** `FileReader` stands for what is built late, `Blob` for what is there from the start. */
const lazy = 'FileReader'
const eager = 'Blob'

const describe = `(name) => {
  const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, name)
  const { value: own, ...nameAttributes } = Object.getOwnPropertyDescriptor(value, 'name')
  const prototype = Object.getOwnPropertyDescriptor(value, 'prototype')
  return [attributes, own === name, nameAttributes, prototype.writable, prototype.enumerable, value.prototype.constructor === value,
    Object.prototype.toString.call(value.prototype) === '[object ' + name + ']', Object.getOwnPropertyDescriptor(value.prototype, Symbol.toStringTag)?.writable]
}`

test('once touched, a lazy global looks as any other', async () => {
  const outcome = await open().run(`${lazy}; const describe = ${describe}; return [describe('${lazy}'), describe('${eager}')]`)
  const [first, second] = outcome as [unknown, unknown]
  expect(first).toEqual(second)
})

test('untouched it is there, not enumerable, and the same at each look', async () => {
  expect(await open().run(`
    const { get } = Object.getOwnPropertyDescriptor(globalThis, '${lazy}')
    const before = ['${lazy}' in globalThis, Object.keys(globalThis).includes('${lazy}'), Object.getOwnPropertyNames(globalThis).includes('${lazy}')]
    const first = get()
    return [...before, first === get(), first === globalThis.${lazy}, typeof ${lazy}]
  `)).toEqual([true, false, true, true, true, 'function'])
})

test('code may assign, shadow, redefine and delete it before it was built', async () => {
  expect(await open().run(`globalThis.${lazy} = 1; const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, '${lazy}')
    return [value, writable, enumerable, configurable, ${lazy}]`)).toEqual([1, true, false, true, 1])
  expect(await open().run(`const child = Object.create(globalThis); child.${lazy} = 1; return [child.${lazy}, Object.keys(child), typeof globalThis.${lazy}]`)).toEqual([1, [lazy], 'function'])
  expect(await open().run(`Object.defineProperty(globalThis, '${lazy}', { value: 2 }); return [${lazy}, Object.getOwnPropertyDescriptor(globalThis, '${lazy}').enumerable]`)).toEqual([2, false])
  expect(await open().run(`const deleted = delete globalThis.${lazy}; return [deleted, typeof ${lazy}]`)).toEqual([true, 'undefined'])
})
