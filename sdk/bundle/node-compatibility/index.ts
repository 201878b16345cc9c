export { findFreeGlobals, freeGlobalMarkers, withGlobals } from './free-globals.ts'
export { lowerAsync, type Script } from './lower-async.ts'
export { offeredModules } from './offered-modules.ts'
export { asyncHooksFile, nodeCompatibilityPlugin } from './plugin.ts'
