import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { shareDeclarations } from './program.ts'

const context = createContext({})
/** By `eval`, as in the runtimes. */
const evaluate = (source: string): unknown => runInContext(`(0, eval)(${JSON.stringify(source)})`, context)

test('a script sees what scripts before it declare, strict and sloppy', () => {
  const scripts = [
    `'use strict'\nconst sharedConstant = 1\nlet sharedVariable = 2\nfunction sharedFunction() { return sharedVariable }\nclass SharedClass {}\nconst { a: sharedPart, sharedOther } = { a: 3, sharedOther: 4 }\n`,
    `(function () {\nfunction innerFunction() {}\n})()\nfunction sloppyFunction() { return sharedFunction() }\nvar sloppyVariable = 5\n`,
  ]
  for (const source of scripts) evaluate(source + shareDeclarations(source))
  evaluate('sharedVariable = 6')
  expect(evaluate('[sharedConstant, sharedPart, sharedOther, sloppyVariable, sloppyFunction(), typeof SharedClass, typeof innerFunction]')).toEqual([1, 3, 4, 5, 6, 'function', 'undefined'])
  expect(shareDeclarations('if (true) {\n  const inner = 1\n}')).toBe('')
})
