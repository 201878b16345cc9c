import {
  type CreatedPeerInvitation,
  createdPeerInvitationSchema,
  type DataKeyRotation,
  dataKeyRotationSchema,
  type MasterKeyRotation,
  masterKeyRotationSchema,
  type PeerInfo,
  type PeerInvitation,
  peerInvitationListSchema,
  type PeerInvitationRequestInput,
  type PeerKind,
  peerListSchema,
} from '../../control-plane/protocol/index.ts'
import { readList } from './pages.ts'
import type { Transport } from './transport.ts'

/** Who joins the cluster (scope operator). */
export interface PeersClient {
  /** The invitation's `token` is shown this once. */
  invite(request: PeerInvitationRequestInput): Promise<CreatedPeerInvitation>
  /** Those that may still be used. */
  invitations(): Promise<readonly PeerInvitation[]>
  revokeInvitation(id: string): Promise<void>
  list(): Promise<readonly PeerInfo[]>
  /** Ends the credential of a process at once. */
  remove(kind: PeerKind, name: string): Promise<void>
}

/** The keys that secrets are sealed with. */
export interface KeysClient {
  /** Replaces the master key (scope operator). Repeated, it goes on where it was interrupted. */
  rotateMasterKey(): Promise<MasterKeyRotation>
  /** Replaces the token that gateways and nodes know one another by (scope operator). */
  rotateInternalToken(): Promise<void>
  /** Replaces the key that signs the feed (scope operator). */
  rotateSigningKey(): Promise<void>
  /** Seals the account's secrets with a new key (scope admin). */
  rotateDataKey(): Promise<DataKeyRotation>
}

export function createPeersClient(transport: Transport): PeersClient {
  return {
    invite: (json) => transport.json({ method: 'POST', path: '/v1/peers/invitations', json }, createdPeerInvitationSchema),
    invitations: async () => (await transport.json({ method: 'GET', path: '/v1/peers/invitations' }, peerInvitationListSchema)).invitations,
    async revokeInvitation(id) {
      await transport.text({ method: 'DELETE', path: `/v1/peers/invitations/${encodeURIComponent(id)}` })
    },
    list: () => readList(transport, '/v1/peers', peerListSchema, ({ peers }) => peers),
    async remove(kind, name) {
      await transport.text({ method: 'DELETE', path: `/v1/peers/${kind}/${encodeURIComponent(name)}` })
    },
  }
}

export function createKeysClient(transport: Transport): KeysClient {
  return {
    rotateMasterKey: () => transport.json({ method: 'POST', path: '/v1/master-key/rotations' }, masterKeyRotationSchema),
    async rotateInternalToken() {
      await transport.text({ method: 'POST', path: '/v1/internal-token/rotations' })
    },
    async rotateSigningKey() {
      await transport.text({ method: 'POST', path: '/v1/signing-key/rotations' })
    },
    rotateDataKey: () => transport.json({ method: 'POST', path: '/v1/data-key/rotations' }, dataKeyRotationSchema),
  }
}
