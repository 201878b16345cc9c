import { join } from 'node:path'
import { NatsCluster, type NatsServer } from '../../helpers/nats-cluster.ts'
import type { NamedLink, Victim } from '../nemesis/nemesis.ts'
import type { Backend } from './backend.ts'
import { bothWays, type Link } from './link.ts'

const replicas = ['control-1', 'control-2', 'control-3']

/** Three control planes over three servers of NATS, each with its own way to each. */
export const jetStreamBackend: Backend = {
  name: 'jetstream',
  reads: 'own',
  start: async (directory, openLink) => {
    const routes = new Map<string, Link>()
    const cluster = await NatsCluster.start({
      servers: 3,
      routeThrough: async (from, to, port) => {
        const link = await openLink(port)
        routes.set(`${from} to ${to}`, link)
        return link.port
      },
    })
    const links: NamedLink[] = []
    for (const [name, link] of routes) {
      const [from, to] = name.split(' to ')
      const reverse = routes.get(`${to} to ${from}`)
      if (from !== undefined && to !== undefined && from < to && reverse !== undefined) links.push({ name, link: bothWays(link, reverse) })
    }
    const started = await Promise.all(replicas.map(async (name) => {
      const servers = await Promise.all(cluster.servers.map(async (server) => {
        const link = await openLink(Number(new URL(server.url).port))
        links.push({ name: `${name} to ${server.name}`, link })
        return `nats://127.0.0.1:${link.port}`
      }))
      return { name, settings: { dataDirectory: join(directory, name), keyFile: join(directory, 'secret.key'), nats: { servers, replicas: 3 } } }
    }))
    const [first, ...others] = cluster.servers.map(victim)
    if (first === undefined) throw new Error('there are no servers')
    return { replicas: started, groups: [{ name: 'server of NATS', victims: [first, ...others], atATime: 1, weight: 4 }], links, stop: () => cluster.stop() }
  },
}

function victim(server: NatsServer): Victim {
  return {
    name: server.name,
    kill: () => server.kill(),
    // It is ready when the others can be reached, which is somebody else's to put right.
    start: () => server.start({ isPatient: false }),
    stop: () => server.pause(),
    resume: () => server.resume(),
  }
}
