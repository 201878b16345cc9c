import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../index.ts'
import type { DeploymentEvent, FeedRevision } from '../protocol/index.ts'
import { ApiClient } from './api-client.ts'
import { ScriptedNode, type ScriptedNodeOptions } from './scripted-node.ts'

/** A control plane of its own for each test of a file, over real HTTP, with nodes that tests script. */
export class ControlPlaneHarness {
  directory = ''
  readonly nodes: ScriptedNode[] = []
  #plane: ControlPlane | undefined

  get plane(): ControlPlane {
    if (this.#plane === undefined) throw new Error('no control plane is running')
    return this.#plane
  }

  get client(): ApiClient {
    return new ApiClient(this.plane.url, this.plane.adminToken)
  }

  async start(options: Partial<ControlPlaneOptions> = {}): Promise<void> {
    this.#plane = await startControlPlane({
      port: 0, dataDirectory: this.directory, gatewayUrl: 'http://127.0.0.1:8080', log: () => {}, ...options,
    })
  }

  /** The region is the name's first three letters unless given. */
  async startNode(name: string, options: Partial<ScriptedNodeOptions> = {}): Promise<ScriptedNode> {
    const node = await ScriptedNode.start({ url: this.plane.url, token: this.plane.nodeToken, name, region: name.slice(0, 3), ...options })
    this.nodes.push(node)
    return node
  }

  async stop(): Promise<void> {
    await this.plane.close()
    await Promise.all(this.nodes.splice(0).map((node) => node.stop()))
    await rm(this.directory, { recursive: true, force: true })
  }
}

export function useControlPlane(options: Partial<ControlPlaneOptions> = {}): ControlPlaneHarness {
  const harness = new ControlPlaneHarness()
  beforeEach(async () => {
    harness.directory = await mkdtemp(join(tmpdir(), 'skerry-control-plane-'))
    await harness.start(options)
  })
  afterEach(() => harness.stop())
  return harness
}

/** One control plane for all tests of a file, for those that change nothing for each other. */
export function useOneControlPlane(options: Partial<ControlPlaneOptions> = {}): ControlPlaneHarness {
  const harness = new ControlPlaneHarness()
  beforeAll(async () => {
    harness.directory = await mkdtemp(join(tmpdir(), 'skerry-control-plane-'))
    await harness.start(options)
  })
  afterAll(() => harness.stop())
  return harness
}

export function last(events: readonly DeploymentEvent[]): DeploymentEvent {
  const event = events.at(-1)
  if (event === undefined) throw new Error('no event')
  return event
}

/** The `done` that the events must end with. */
export function done(events: readonly DeploymentEvent[]): Extract<DeploymentEvent, { type: 'done' }> {
  const event = last(events)
  if (event.type !== 'done') throw new Error(JSON.stringify(event))
  return event
}

/** The changes that a node has received. */
export function changes(node: ScriptedNode): FeedRevision['change'][] {
  return node.records.flatMap((record) => (record.type === 'revision' ? [record.change] : []))
}
