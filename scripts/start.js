// The entry of `npm start`, which older Nodes can read: they hand over to the one that came with `npm install`.
import { fileURLToPath } from 'node:url'
import { isNewEnough, runWithBundledNode } from '../bin/node.js'

if (isNewEnough()) await import('./start.ts')
else runWithBundledNode(fileURLToPath(import.meta.url), process.argv.slice(2))
