import { z } from 'zod'
import { regionSchema } from './regions.ts'
import { keySuccessionSchema } from './nodes.ts'
import { nextCursorSchema } from './pages.ts'
import { nameSchema } from './project.ts'

/**
 * Processes of the cluster beside the control plane, and how they join it. An operator makes an invitation, which is a token for one
 * use; the process shows it, with the hash of a credential that it made itself, by `POST /v1/join`, and calls with that credential
 * from then on. What a credential may is bound to the kind, the name and the region that the invitation was made for.
 */
export const peerKindSchema = z.enum(['node', 'gateway', 'dns'])
export type PeerKind = z.infer<typeof peerKindSchema>

const invitationSecondsMax = 30 * 24 * 3_600

/** `POST /v1/invitations`. */
export const peerInvitationRequestSchema = z
  .strictObject({
    kind: peerKindSchema.default('node'),
    name: nameSchema,
    /** Of a node. */
    region: regionSchema.optional(),
    expiresSeconds: z.int().min(10).max(invitationSecondsMax).default(3_600),
  })
  .refine(({ kind, region }) => (kind === 'node') === (region !== undefined), { path: ['region'], message: 'a node has a region, and nothing else has' })
export type PeerInvitationRequest = z.infer<typeof peerInvitationRequestSchema>
export type PeerInvitationRequestInput = z.input<typeof peerInvitationRequestSchema>

const placeFields = { kind: peerKindSchema, name: nameSchema, region: regionSchema.optional() }

export const peerInvitationSchema = z.strictObject({ id: z.string(), ...placeFields, createdMs: z.number(), expiresMs: z.number() })
export type PeerInvitation = z.infer<typeof peerInvitationSchema>
export const peerInvitationListSchema = z.strictObject({ invitations: z.array(peerInvitationSchema) })

/** `token` is shown this once. It ends in the fingerprint of the key that signs the feed: see `splitInvitation`. */
export const createdPeerInvitationSchema = peerInvitationSchema.extend({ token: z.string() })
export type CreatedPeerInvitation = z.infer<typeof createdPeerInvitationSchema>

export const credentialHashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of a credential in lower-case hex')

/** `POST /v1/join`, with the invitation as bearer token; and `PUT /v1/credential`, with the credential that is to be replaced. */
export const credentialRequestSchema = z.strictObject({ credentialHash: credentialHashSchema })

/** Who the caller is from now on, and what it knows its peers by. */
export const joinedSchema = z.strictObject({ ...placeFields, publicKey: z.string(), successions: z.array(keySuccessionSchema).optional(), internalToken: z.string() })
export type Joined = z.infer<typeof joinedSchema>

/** `GET /v1/peers`: who has joined. */
export const peerSchema = z.strictObject({ ...placeFields, joinedMs: z.number(), credentialCreatedMs: z.number() })
export const peerListSchema = z.strictObject({ peers: z.array(peerSchema), nextCursor: nextCursorSchema })
export type PeerInfo = z.infer<typeof peerSchema>

const invitationPattern = /^(skerry_join_[\w-]{43})\.([\w-]{43})$/

/** The part of an invitation that is shown to the control plane, and the fingerprint of the key that signs; undefined where it is none. */
export function splitInvitation(text: string): { readonly token: string; readonly fingerprint: string } | undefined {
  const [, token, fingerprint] = invitationPattern.exec(text) ?? []
  return token === undefined || fingerprint === undefined ? undefined : { token, fingerprint }
}

export const credentialPrefix = 'skerry_peer_'
