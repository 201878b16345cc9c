import { expect, test } from 'vitest'
import { ControlPlaneUrls } from './control-plane-urls.ts'

const failing = (...down: string[]) => async (url: string): Promise<string> => {
  if (down.includes(url)) throw new Error(url)
  return url
}

test('stays with who answers, goes on where one fails, and begins where it is told', async () => {
  const urls = new ControlPlaneUrls(' http://a, http://b,http://c,', (count) => count - 1)
  expect([...urls.all, urls.current]).toEqual(['http://a', 'http://b', 'http://c', 'http://c'])
  expect(await urls.call(failing('http://c'), () => true)).toBe('http://a')
  expect(await urls.call(failing(), () => true)).toBe('http://a')
})

test('calls each once at most, and none after a refusal that others would repeat', async () => {
  const urls = new ControlPlaneUrls('http://a,http://b')
  const called: string[] = []
  const attempt = async (url: string): Promise<never> => {
    called.push(url)
    throw new Error(url)
  }
  await expect(urls.call(attempt, () => true)).rejects.toThrow('http://b')
  await expect(urls.call(attempt, () => false)).rejects.toThrow('http://a')
  expect(called).toEqual(['http://a', 'http://b', 'http://a'])
})

test('who failed long ago is left once', async () => {
  const urls = new ControlPlaneUrls('http://a,http://b,http://c')
  await Promise.allSettled([1, 2].map(() => urls.call(failing('http://a'), () => true)))
  expect(urls.current).toBe('http://b')
})
