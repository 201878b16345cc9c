import { mkdir } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { endWithParent } from './end-with-parent.ts'
import { Follower, type FollowerOptions } from './follower.ts'

/** The process of a scripted node: tells its events as lines of JSON. Writes to a pipe are done when they return, so that a kill loses none. */
const options = JSON.parse(process.argv[2] ?? '') as Omit<FollowerOptions, 'tell'>
if (options.directory !== undefined) await mkdir(options.directory, { recursive: true })
await new Follower({ ...options, tell: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`) }).start()
flushCompileCache()
endWithParent()
