import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { join } from 'node:path'

/** One `.any.js` file in one variant. */
export interface TestFile {
  /** Path in the checkout, without a leading slash, with the variant's query: `url/url-constructor.any.js?include=file`. */
  readonly id: string
  readonly path: string
  readonly variant: string
  /** Paths in the checkout of the scripts to evaluate before it, in order. */
  readonly scripts: readonly string[]
  readonly timeoutMs: number
}

const timeoutMs = 15_000
const longTimeoutMs = 60_000
/** Globals of `META: global=` that a server stands for. */
const workerGlobals = ['worker', 'dedicatedworker', 'sharedworker', 'serviceworker']

/**
 * The variants of a file, by its `// META:` lines; none where it is written for windows only.
 * @see https://web-platform-tests.org/writing-tests/testharness.html#specifying-a-test-variant
 */
export async function readTestFile(checkout: string, path: string): Promise<TestFile[]> {
  const source = await readFile(join(checkout, path), 'utf8')
  const meta = [...source.matchAll(/^\/\/ META: *(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value.trim()] as const)
  const valuesOf = (key: string): string[] => meta.filter(([name]) => name === key).map(([, value]) => value)
  const globals = valuesOf('global').flatMap((list) => list.split(',').map((name) => name.trim()))
  if (globals.length > 0 && !globals.some((name) => workerGlobals.includes(name))) return []
  const scripts = valuesOf('script').map((script) => (script.startsWith('/') ? script.slice(1) : posix.join(posix.dirname(path), script)))
  const variants = valuesOf('variant')
  return (variants.length === 0 ? [''] : variants).map((variant) => ({
    id: `${path}${variant}`,
    path,
    variant,
    scripts,
    timeoutMs: valuesOf('timeout').includes('long') ? longTimeoutMs : timeoutMs,
  }))
}
