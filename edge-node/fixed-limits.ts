/** The limits that no function can set, as the bridge defines them for every part of the runtime. */
export { fixedLimits } from '../runtime/bridge/index.ts'
