import { glob } from 'node:fs/promises'
import { readTestFile, type TestFile } from './test-file.ts'

/** The folders of web-platform-tests that say what a function can rely on. */
export const folders = [
  'url', 'urlpattern', 'encoding', 'streams', 'fetch/api', 'FileAPI', 'compression', 'WebCryptoAPI', 'html/webappapis', 'hr-time', 'dom/abort',
  'dom/events', 'xhr/formdata', 'console', 'websockets', 'eventsource',
] as const
export type Folder = (typeof folders)[number]

/** The test files of one folder in a checkout, in order; only those whose id begins with one of `only` where that is not empty. */
export async function findTests(checkout: string, folder: Folder, only: readonly string[]): Promise<TestFile[]> {
  const paths = await Array.fromAsync(glob(`${folder}/**/*.any.js`, { cwd: checkout }))
  const files = await Promise.all(paths.toSorted().map((path) => readTestFile(checkout, path)))
  return files.flat().filter(({ id }) => only.length === 0 || only.some((prefix) => id.startsWith(prefix)))
}
