import { expect, test } from 'vitest'
import { Cookies, readCookie } from './cookies.ts'

const client = Buffer.alloc(8, 7)
const given = (cookies: Cookies, nowSeconds: number, server?: Buffer) => cookies.reply({ client, server }, '192.0.2.1', nowSeconds).subarray(8)

test('a cookie is taken for an hour, and replaced from half of it on', () => {
  const cookies = new Cookies()
  const server = given(cookies, 10_000)
  const isOurs = (nowSeconds: number) => cookies.isOurs({ client, server }, '192.0.2.1', nowSeconds)
  expect([isOurs(10_000), isOurs(13_600), isOurs(13_601), isOurs(9_700), isOurs(9_699)]).toEqual([true, true, false, true, false])
  expect(given(cookies, 11_799, server)).toEqual(server)
  expect(given(cookies, 11_800, server)).not.toEqual(server)
})

test('times go on when 32 bits are over', () => {
  const cookies = new Cookies()
  const server = given(cookies, 2 ** 32 - 10)
  expect(cookies.isOurs({ client, server }, '192.0.2.1', 2 ** 32 + 10)).toBe(true)
})

test('servers that share a secret know each other’s cookies, others do not; a mapped address is the same', () => {
  const secret = Buffer.alloc(32, 1)
  const server = given(new Cookies(secret), 10_000)
  expect(new Cookies(secret).isOurs({ client, server }, '::ffff:192.0.2.1', 10_000)).toBe(true)
  expect(new Cookies().isOurs({ client, server }, '192.0.2.1', 10_000)).toBe(false)
  expect(new Cookies(secret).isOurs({ client, server: server.subarray(0, 8) }, '192.0.2.1', 10_000)).toBe(false)
})

test.each([[0, false], [7, false], [8, true], [9, false], [15, false], [16, true], [40, true], [41, false]])('%i bytes are a cookie: %s', (bytes, isCookie) => {
  expect(readCookie(Buffer.alloc(bytes)) !== undefined).toBe(isCookie)
})
