#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isNewEnough, runWithBundledNode } from './node.js'

if (isNewEnough()) {
  // A checkout carries the sources, which may be newer than what it built last; the published package carries dist/ alone.
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const sources = join(root, 'sdk', 'cli', 'main.ts')
  const built = join(root, 'dist', 'sdk', 'cli', 'main.js')
  const { main } = await import(pathToFileURL(existsSync(sources) ? sources : built).href)
  await main(process.argv.slice(2))
} else {
  runWithBundledNode(fileURLToPath(import.meta.url), process.argv.slice(2))
}
