// Plain JavaScript that any Node from 18 on can run: hands a script over to a Node that is new enough.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const oldestMajor = 24

export function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= oldestMajor
}

/** The Node that came with the package (an optional dependency for each platform), if it did. */
function bundledNode() {
  const require = createRequire(import.meta.url)
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    try {
      const manifest = require.resolve(`${name}/package.json`)
      const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
      if (existsSync(binary)) return binary
    } catch {
      // Not installed: the next one.
    }
  }
  return undefined
}

/** Runs a script with the Node that came with the package, in place of this process; says what to do where there is none. */
export function runWithBundledNode(script, args) {
  const binary = bundledNode()
  if (binary === undefined) {
    process.stderr.write(
      `skerry needs Node ${oldestMajor} or newer; this is ${process.version}. Install again with optional dependencies (npm install --include=optional), or install a newer Node.\n`,
    )
    process.exit(1)
  }
  const child = spawn(binary, [...process.execArgv, script, ...args], { stdio: 'inherit' })
  // A terminal signals the whole group by itself; a supervisor signals only this process.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  child.on('error', (error) => {
    process.stderr.write(`skerry: ${binary} does not start: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 143))
  })
}
