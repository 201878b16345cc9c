import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { scriptName } from '../../runtime/bridge/index.ts'
import { bundleFileName, createStackMapper } from './index.ts'

test('maps frames of the bundle and leaves the rest', async () => {
  const source = 'function deep(): never {\n  throw new Error("x")\n}\ndeep()\n'
  const { code, map } = await transform(source, { loader: 'ts', sourcemap: 'external', sourcefile: 'src/index.ts', minifyWhitespace: true })
  const column = code.indexOf('new Error') + 1
  const stack = `Error: x\n    at deep (worker.js:1:${column})\n    at worker.js:1:${code.lastIndexOf('deep()') + 1}\n    at async skerry:guest:9:9`
  expect(createStackMapper(map)(stack)).toBe('Error: x\n    at deep (src/index.ts:2:9)\n    at src/index.ts:4:1\n    at async skerry:guest:9:9')
})

test('the bundle is called as the runtime calls it', () => {
  expect(bundleFileName).toBe(scriptName)
})

test('leaves stacks alone without a usable map', () => {
  const stack = 'Error: x\n    at deep (worker.js:1:3)'
  expect(createStackMapper(undefined)(stack)).toBe(stack)
  expect(createStackMapper('{')(stack)).toBe(stack)
})
