import { runAsyncGenerator } from './async-generator.ts'
import { patchEvents } from './patch-events.ts'
import { patchPromises } from './patch-promises.ts'
import { patchStreams } from './patch-streams.ts'
import { patchTimers } from './patch-timers.ts'

/** Runs before a bundle that has `node:async_hooks` in it; lower-async.ts has it call `runAsyncGenerator`. */
Object.defineProperty(globalThis, Symbol.for('skerry.asyncGenerator'), { value: runAsyncGenerator })
patchPromises()
patchTimers()
patchEvents()
patchStreams()
