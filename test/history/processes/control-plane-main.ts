import { flushCompileCache } from 'node:module'
import { startControlPlane } from '../../../control-plane/index.ts'
import { systemClock } from '../../../control-plane/clock.ts'
import { endWithParent } from './end-with-parent.ts'

/** What a control plane is started with. */
export interface ControlPlaneSettings {
  readonly port: number
  readonly dataDirectory: string
  readonly tokens: { readonly admin: string; readonly node: string }
  readonly revisionsKept: number
  /** Its clock is wrong by so much. */
  readonly skewMs: number
}

/** The process of a control plane: says `ready`, and then runs until it is killed. */
const { skewMs, ...settings } = JSON.parse(process.argv[2] ?? '') as ControlPlaneSettings
await startControlPlane({ ...settings, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs } })
process.stdout.write('ready\n')
flushCompileCache()
endWithParent()
