import type { TestFile } from './test-file.ts'
import type { WptServer } from './wpt-server.ts'

/** Scripts to evaluate one after the other in one global scope, as a browser's worker does. */
export interface TestProgram {
  readonly location: string
  readonly timeoutMs: number
  readonly scripts: readonly { readonly name: string; readonly source: string }[]
}

/** Fetches what a file needs from the server, which puts hosts and ports into `.sub.` files. */
export async function assembleProgram(server: WptServer, file: TestFile): Promise<TestProgram> {
  const paths = ['resources/testharness.js', ...file.scripts, file.path]
  const scripts = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${server.address}/${path}`, { headers: { host: server.host } })
      if (!response.ok) throw new Error(`the server of the checkout answered ${response.status} for ${path}`)
      const source = await response.text()
      return { name: `http://${server.host}/${path}`, source: path === file.path ? source : source + shareDeclarations(source) }
    }),
  )
  return { location: `http://${server.host}/${file.path.replace(/\.js$/, '.worker.html')}${file.variant}`, timeoutMs: file.timeoutMs, scripts }
}

const declaration = /^(?:(?:const|let|var|class|(?:async )?function\*?)\s+([\w$]+)|(?:const|let|var)\s*\{([^}]*)\}\s*=)/gm

/**
 * What a browser's worker does by itself and `eval` does not: the scripts that follow see the top-level declarations of this one. Answers
 * with a line to append, which makes accessors of the global object of those that begin a line.
 */
export function shareDeclarations(source: string): string {
  const names = [...source.matchAll(declaration)].flatMap(([, name, list = '']) => name ?? list.split(',').map((part) => part.replace(/^.*:|=.*$/gs, '').trim()))
  const calls = [...new Set(names)].filter((name) => name !== '').map((name) => `share('${name}', () => ${name}, (value) => { ${name} = value })`)
  if (calls.length === 0) return ''
  // Functions and variables of sloppy code are there already; a name that can not be read was declared within a function after all.
  return `\n;{
    const share = (name, get, set) => {
      if (Object.hasOwn(globalThis, name)) return
      try { get() } catch { return }
      Object.defineProperty(globalThis, name, { get, set, configurable: true })
    }
    ${calls.join('\n')}
  }`
}

/**
 * The source of an async function `(program, evaluate) => report` that runs a program where it stands: `evaluate(source, name)` runs a
 * classic script in the global scope. The report is the JSON that `parseReport` reads.
 */
export const runnerSource = `async (program, evaluate) => {
  if (globalThis.location?.href !== program.location) {
    const { href, origin, protocol, host, hostname, port, pathname, search, hash } = new URL(program.location)
    globalThis.location = { href, origin, protocol, host, hostname, port, pathname, search, hash, toString: () => href }
  }
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false }
  const [harness, ...scripts] = program.scripts
  // idlharness.js asks where it is, to know what is exposed. testharness.js must not know: it would wait for an install event.
  const value = globalThis.ServiceWorkerGlobalScope ?? class { static [Symbol.hasInstance]() { return true } }
  delete globalThis.ServiceWorkerGlobalScope
  evaluate(harness.source, harness.name)
  Object.defineProperty(globalThis, 'ServiceWorkerGlobalScope', { value, writable: true, configurable: true })
  const report = new Promise((resolve) => add_completion_callback((tests, { status, message }) => resolve({
    status, message, tests: tests.map(({ name, status, message }) => [name, status, message]),
  })))
  const timer = setTimeout(() => timeout(), program.timeoutMs)
  for (const { source, name } of scripts) {
    try {
      evaluate(source, name)
    } catch (error) {
      return JSON.stringify({ status: 1, message: name + ': ' + error, tests: [] })
    }
  }
  const outcome = await report
  clearTimeout(timer)
  return JSON.stringify(outcome)
}`
