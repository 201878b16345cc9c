import { flushCompileCache } from 'node:module'
import { type ControlPlaneOptions, startControlPlane } from '../../../control-plane/index.ts'
import { systemClock } from '../../../control-plane/clock.ts'
import { endWithParent } from './end-with-parent.ts'
import { killAtCommit, type KillPoint } from './kill-at-commit.ts'

/** What a control plane is started with. */
export interface ControlPlaneSettings {
  readonly port: number
  readonly dataDirectory: string
  readonly tokens: { readonly admin: string; readonly node: string }
  readonly revisionsKept: number
  /** Its clock is wrong by so much. */
  readonly skewMs: number
  /** The same for all replicas. */
  readonly keyFile?: string
  readonly nats?: NonNullable<ControlPlaneOptions['nats']>
  readonly killAt?: KillPoint | undefined
}

/** The process of a control plane: says `ready`, and then runs until it is killed; `armed` where it is to do that itself. */
const { skewMs, killAt, ...settings } = JSON.parse(process.argv[2] ?? '') as ControlPlaneSettings
if (killAt !== undefined) killAtCommit(killAt, () => void process.stdout.write('armed\n'))
await startControlPlane({ ...settings, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs } })
process.stdout.write('ready\n')
flushCompileCache()
endWithParent()
