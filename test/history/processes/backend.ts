import { join } from 'node:path'
import type { History } from '../history.ts'
import type { NamedLink, VictimGroup } from '../nemesis/nemesis.ts'
import type { ControlPlaneSettings } from './control-plane-main.ts'
import type { Link } from './link.ts'

/** Puts something before a port that can be disturbed. */
export type OpenLink = (port: number) => Promise<Link>

/** What control planes keep their state in, and how many of them there are. */
export interface Backend {
  readonly name: string
  readonly reads: History['reads']
  /** Starts what the control planes need, within the directory. */
  start(directory: string, openLink: OpenLink): Promise<Started>
}

export interface Started {
  readonly replicas: ReadonlyArray<{ readonly name: string; readonly settings: Pick<ControlPlaneSettings, 'dataDirectory' | 'keyFile' | 'nats'> }>
  /** What else can be disturbed. */
  readonly groups: readonly VictimGroup[]
  readonly links: readonly NamedLink[]
  stop(): Promise<void>
}

/** One control plane with its file. */
export const sqliteBackend: Backend = {
  name: 'sqlite',
  reads: 'all',
  start: async (directory) => ({
    replicas: [{ name: 'control-1', settings: { dataDirectory: join(directory, 'control-1') } }], groups: [], links: [], stop: async () => undefined,
  }),
}
