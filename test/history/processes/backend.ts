import { join } from 'node:path'
import type { VictimGroup } from '../nemesis/nemesis.ts'
import type { ControlPlaneSettings } from './control-plane-main.ts'
import type { Link } from './link.ts'

/** What control planes keep their state in, and how many of them there are. */
export interface Backend {
  readonly name: string
  /** Starts what the control planes need, within the directory; `openLink` puts a link before a port. */
  start(directory: string, openLink: (name: string, port: number) => Promise<Link>): Promise<Started>
  close(): Promise<void>
}

export interface Started {
  readonly replicas: ReadonlyArray<{ readonly name: string; readonly settings: Pick<ControlPlaneSettings, 'dataDirectory'> }>
  /** What else can be disturbed. */
  readonly groups: readonly VictimGroup[]
}

/** One control plane with its file. */
export const sqliteBackend: Backend = {
  name: 'sqlite',
  start: async (directory) => ({ replicas: [{ name: 'control-1', settings: { dataDirectory: join(directory, 'control-1') } }], groups: [] }),
  close: async () => undefined,
}
