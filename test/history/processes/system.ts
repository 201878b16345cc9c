import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePorts } from '../../helpers/free-ports.ts'
import type { Random } from '../../helpers/random.ts'
import type { NamedLink, VictimGroup } from '../nemesis/nemesis.ts'
import { Child } from './child.ts'
import type { ControlPlaneSettings } from './control-plane-main.ts'
import type { EdgeSettings } from './edge-main.ts'
import type { FollowerOptions, Told } from './follower.ts'
import { Link } from './link.ts'
import type { Backend } from './backend.ts'

export interface SystemOptions {
  readonly directory: string
  readonly backend: Backend
  readonly random: Random
  readonly onEvent: (node: string, event: Told) => void
  readonly onLine: (name: string, line: string) => void
}

/** Control planes, nodes, and what is between them. */
export interface System {
  readonly tokens: { readonly admin: string; readonly node: string }
  /** As clients reach them; may be disturbed. */
  readonly clientUrls: ReadonlyArray<{ readonly name: string; readonly url: string }>
  /** Without anything between. */
  readonly directUrls: readonly string[]
  readonly groups: readonly VictimGroup[]
  readonly links: readonly NamedLink[]
  close(): Promise<void>
}

const followers = ['follower-1', 'follower-2']
const edges = ['edge-1']
/** So few that who is away for long comes back by a snapshot. */
const revisionsKept = 200
const mostSkewMs = 6 * 60 * 60 * 1_000

const moduleOf = (name: string): string => join(import.meta.dirname, `${name}-main.ts`)

/** Starts everything and resolves when all of it is ready. */
export async function startSystem({ directory, backend, random, onEvent, onLine }: SystemOptions): Promise<System> {
  const tokens = { admin: secret(), node: secret() }
  const cleanUps: (() => Promise<unknown>)[] = []
  const links: NamedLink[] = []
  const openLink = async (port: number): Promise<Link> => {
    const link = await Link.open(port)
    cleanUps.push(() => link.close())
    return link
  }
  const reach = async (name: string, port: number): Promise<string> => {
    const link = await openLink(port)
    links.push({ name, link })
    return urlOf(link.port)
  }
  const child = (name: string, module: string, settings: () => unknown, onOutput: (line: string) => void): Child => {
    const made = new Child({ name, module: moduleOf(module), settings, compileCache: join(directory, 'compiled'), onLine: onOutput, onError: (line) => onLine(name, line) })
    cleanUps.push(() => made.kill())
    return made
  }
  const close = async (): Promise<void> => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
  try {
    const started = await backend.start(directory, openLink)
    cleanUps.push(() => started.stop())
    links.push(...started.links)
    const { replicas, groups } = started
    const ports = await freePorts(replicas.length)
    let starts = 0
    const planes = replicas.map(({ name, settings }, index) => child(name, 'control-plane', () => {
      starts += 1
      const skewMs = starts <= replicas.length ? 0 : random.between(-mostSkewMs, mostSkewMs)
      return { port: ports[index] ?? 0, tokens, revisionsKept, skewMs, ...settings } satisfies ControlPlaneSettings
    }, () => undefined))
    for (const plane of planes) await plane.start()

    const toPlanes = (from: string): Promise<string[]> => Promise.all(planes.map(({ name }, index) => reach(`${from} to ${name}`, ports[index] ?? 0)))
    const clientUrls = await toPlanes('clients')
    const told = (name: string) => (line: string): void => onEvent(name, JSON.parse(line) as Told)
    const nodes: Child[] = []
    for (const name of followers) {
      const urls = await toPlanes(name)
      nodes.push(child(name, 'follower', () => ({ name, urls, token: tokens.node, directory: join(directory, name) }) satisfies Omit<FollowerOptions, 'tell'>, told(name)))
    }
    for (const name of edges) {
      const urls = await toPlanes(name)
      nodes.push(child(name, 'edge', () => ({ name, urls, token: tokens.node, directory: join(directory, name) }) satisfies EdgeSettings, told(name)))
    }
    await Promise.all(nodes.map((node) => node.start()))
    return {
      tokens, links, close,
      clientUrls: planes.map(({ name }, index) => ({ name, url: clientUrls[index] ?? '' })),
      directUrls: ports.map(urlOf),
      groups: [
        { name: 'control plane', victims: nonEmpty(planes), atATime: Math.max(1, planes.length - 1), weight: 4 },
        { name: 'node', victims: nonEmpty(nodes), atATime: nodes.length, weight: 3 },
        ...groups,
      ],
    }
  } catch (error) {
    await close()
    throw error
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}

function secret(): string {
  return `skerry_${randomBytes(32).toString('base64url')}`
}

function nonEmpty<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = list
  if (first === undefined) throw new Error('nothing was started')
  return [first, ...others]
}
