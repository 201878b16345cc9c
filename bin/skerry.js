#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can run: finds a Node that is new enough, then hands over to the command line.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const oldestMajor = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))

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

function runWith(binary) {
  const child = spawn(binary, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
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

if (Number(process.versions.node.split('.')[0]) >= oldestMajor) {
  // The published package carries built JavaScript, a checkout its sources.
  const built = join(root, 'dist', 'sdk', 'cli', 'main.js')
  const sources = join(root, 'sdk', 'cli', 'main.ts')
  const { main } = await import(pathToFileURL(existsSync(sources) ? sources : built).href)
  await main(process.argv.slice(2))
} else {
  const binary = bundledNode()
  if (binary === undefined) {
    process.stderr.write(
      `skerry needs Node ${oldestMajor} or newer; this is ${process.version}. Reinstall with optional dependencies (npm install --include=optional), or install a newer Node.\n`,
    )
    process.exit(1)
  }
  runWith(binary)
}
