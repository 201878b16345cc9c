import type { Command } from 'commander'
import { resolve } from 'node:path'
import type { ControlPlaneOptions } from '../../control-plane/index.ts'
import type { CliContext } from './context.ts'
import { parseNumber } from './options.ts'

/** Flags of where the replicas of a control plane keep what they share. */
export interface StoreOptions {
  readonly store?: string
  readonly storeName?: string
  readonly replicas?: number
  readonly natsCredentials?: string
  readonly natsCa?: string
  readonly natsDomain?: string
}

export const withStore = (command: Command): Command =>
  withNats(
    command.option('--store <urls>', 'NATS servers that keep the state for any number of replicas, as nats://HOST:PORT[,nats://HOST:PORT...] (default: files in --data)'),
  )

export const withNats = (command: Command): Command =>
  command
    .option('--store-name <name>', 'what stands before the names of streams there; control planes that share servers need one each', 'skerry')
    .option('--replicas <n>', 'copies that the servers keep, where they have nothing yet: 3 in a cluster of three', parseNumber(1, 5), 1)
    .option('--nats-credentials <file>', 'JWT and seed of a user (user and password: in a URL, or SKERRY_NATS_USER and SKERRY_NATS_PASSWORD)')
    .option('--nats-ca <file>', 'PEM of the authorities that the certificates of the servers are checked by; turns TLS on')
    .option('--nats-domain <name>', 'JetStream domain of the servers, where they are reached through leaf nodes')

/** As the control plane takes the flags of `withStore`; undefined where its state lies in files. */
export function natsSettings(context: CliContext, options: StoreOptions): ControlPlaneOptions['nats'] {
  if (options.store === undefined) return undefined
  const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(context.workingDirectory, path))
  return {
    servers: options.store.split(',').map((url) => url.trim()),
    name: options.storeName,
    replicas: options.replicas,
    user: context.environment['SKERRY_NATS_USER'],
    password: context.environment['SKERRY_NATS_PASSWORD'],
    credentialsFile: file(options.natsCredentials),
    certificateAuthorityFile: file(options.natsCa),
    domain: options.natsDomain,
  }
}
