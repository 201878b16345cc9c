import type { Context } from 'hono'
import { SkerryError } from '../../errors/index.ts'
import type { Credentials, Peer } from '../auth/index.ts'
import { credentialPrefix } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'

const nodePaths = /^\/v1\/(?:nodes|nodes\/[^/]+(?:\/.*)?|feed|artifacts\/[^/]+)$/

/** Whether the request comes with the credential of a process of the cluster, and not with a token. */
export function hasPeerCredential(context: Context<ApiEnvironment>): boolean {
  return context.req.header('authorization')?.replace(/^bearer +/i, '').startsWith(credentialPrefix) ?? false
}

/**
 * Lets a process of the cluster in by its credential: a node to what nodes call, under its own name; gateways and DNS servers to the list
 * of nodes. Throws `unauthorized` where the credential is nobody's, `forbidden` where it is for something else.
 */
export async function admitPeer(dependencies: ApiDependencies, context: Context<ApiEnvironment>, credentials: Credentials): Promise<void> {
  const { authenticator, peers } = dependencies
  const { method, path } = context.req
  const name = /^\/v1\/nodes\/([^/]+)/.exec(path)?.[1] ?? context.req.query('node')
  const check = async (): Promise<Peer> => {
    const peer = await authenticator.tryOnce(credentials, (hash) => peers.authenticate(hash), 'The credential is not known here: it was renewed, or its owner removed.')
    const isList = method === 'GET' && path === '/v1/nodes'
    if (!(isList || (peer.kind === 'node' && nodePaths.test(path)))) {
      throw new SkerryError('forbidden', `The credential of a ${peer.kind} is not for this.`, { field: 'authorization' })
    }
    if (!isList && name !== undefined && name !== peer.name) {
      throw new SkerryError('forbidden', `The credential is that of ${peer.name}, not of ${name}.`, { field: 'node' })
    }
    return peer
  }
  const peer = await check()
  context.set('peer', peer)
  context.set('access', { key: `${peer.kind}/${peer.name}`, check })
}

/**
 * Refuses the token that all nodes share: where it is switched off, and for names that have a credential of their own.
 * Throws `unauthorized` or `forbidden`.
 */
export async function refuseSharedToken(dependencies: ApiDependencies, context: Context<ApiEnvironment>): Promise<void> {
  const { peers, sharedNodeToken } = dependencies
  if (!sharedNodeToken) {
    throw new SkerryError('unauthorized', 'This control plane takes no shared node token. Let the node join with an invitation (`skerry node invite`).', { field: 'authorization' })
  }
  const name = /^\/v1\/nodes\/([^/]+)/.exec(context.req.path)?.[1] ?? context.req.query('node')
  if (name !== undefined && (await peers.hasJoined({ kind: 'node', name }))) {
    throw new SkerryError('forbidden', `${name} has joined with a credential of its own.`, { field: 'node' })
  }
}
