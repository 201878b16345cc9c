import { expect, test } from 'vitest'
import { curvePercents, luaString, wrkScript } from './wrk-script.ts'

const request = { url: 'http://127.0.0.1/', host: 'warm.localhost:1', expectedBody: 'hello\n' }

test('any bytes stand in a string of Lua', () => {
  expect(luaString('a "b" \\ \n é')).toBe(String.raw`"a \034b\034 \092 \010 \195\169"`)
})

test('a request without a body is a GET that asks no hook for each answer', () => {
  const script = wrkScript(request, '/tmp/body', false)
  expect(script).toContain('wrk.headers["Host"] = "warm.localhost:1"')
  expect(script).not.toMatch(/POST|function response/)
})

test('a body is sent by POST from its file, and answers are compared where that was asked for', () => {
  const script = wrkScript({ ...request, body: { type: 'application/json', text: '{}' } }, '/tmp/body', true)
  expect(script).toContain('wrk.method = "POST"')
  expect(script).toContain('io.open("/tmp/body", "rb")')
  expect(script).toContain(String.raw`if body ~= "hello\010" then`)
})

test('the percentages rise to the slowest answer', () => {
  expect(curvePercents.toSorted((left, right) => left - right)).toEqual(curvePercents)
  expect(curvePercents.at(-1)).toBe(100)
})
