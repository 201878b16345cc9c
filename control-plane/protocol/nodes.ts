import { z } from 'zod'
import { versionIdSchema } from './feed.ts'
import { regionSchema } from './regions.ts'
import { nextCursorSchema } from './pages.ts'
import { nameSchema } from './project.ts'

/** A function that ends the processes it runs in, and how a node holds it apart. */
export const quarantinedFunctionSchema = z.strictObject({
  account: nameSchema,
  function: nameSchema,
  version: versionIdSchema,
  /** What the last process ended with. */
  reason: z.string().max(1_024),
  processesEnded: z.int().min(1),
  /** For so long its version is refused; 0 where it is tried again. */
  refusedMs: z.number().min(0),
})
export type QuarantinedFunction = z.infer<typeof quarantinedFunctionSchema>
/** More than so many a node does not tell of. */
export const quarantinedMax = 100

/** Isolates of a version that a node keeps warm. */
export const provisionedFunctionSchema = z.strictObject({
  account: nameSchema,
  function: nameSchema,
  version: versionIdSchema,
  /** As many as were asked for and are of use there. */
  wanted: z.int().min(0),
  ready: z.int().min(0),
})
/** More than so many versions a node does not tell of. */
export const provisionedMax = 1_000

/** A node's pressure in ms, in answers of its `/readyz`: whoever checks a node hears of it at once, and not only with the next list of nodes. */
export const pressureHeader = 'x-skerry-pressure'

/** What a node tells of itself by `PUT /v1/nodes/{node}`, at start and as a heartbeat every few seconds. */
export const nodeRegistrationSchema = z.strictObject({
  region: regionSchema,
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** Where clients reach it. */
  url: z.url(),
  /** Where the gateway and other nodes reach it, with the internal token. */
  internalUrl: z.url(),
  adminUrl: z.url(),
  draining: z.boolean(),
  /** Share of its capacity in use, 0 to 1. */
  load: z.number().min(0).max(1),
  /** By what it asks its clients to go elsewhere, in ms of round trip; none unless told. */
  pressureMs: z.number().min(0).max(1_000).optional(),
  /** The last revision it applied. */
  epoch: z.string(),
  sequence: z.int().min(0),
  quarantined: z.array(quarantinedFunctionSchema).max(quarantinedMax).default([]),
  provisioned: z.array(provisionedFunctionSchema).max(provisionedMax).default([]),
})
export type NodeRegistration = z.infer<typeof nodeRegistrationSchema>

/**
 * That a key has come in the place of another as the one that signs: `certificate` is by the one before, over
 * `signedBytes({ type: 'signing-key', previous, publicKey })`, base64. Keys are PEM (SPKI).
 */
export const keySuccessionSchema = z.strictObject({ previous: z.string(), publicKey: z.string(), certificate: z.string() })
export type KeySuccession = z.infer<typeof keySuccessionSchema>

/** The answer to a registration: what a node needs to trust its peers. */
export const nodeWelcomeSchema = z.strictObject({
  internalToken: z.string().min(16),
  /** Good besides, while one takes the place of another. */
  acceptedInternalTokens: z.array(z.string().min(16)).optional(),
  /** PEM (SPKI) of the ed25519 key that signs the feed; see `signedBytes`. */
  publicKey: z.string().optional(),
  /** How that key came in the place of others, oldest first. */
  successions: z.array(keySuccessionSchema).optional(),
})
export type NodeWelcome = z.infer<typeof nodeWelcomeSchema>

/** A node as the control plane lists it (`GET /v1/nodes`), to whichever account: `connected` while its feed connection stands. */
export const nodeSchema = nodeRegistrationSchema.omit({ quarantined: true, provisioned: true }).extend({ name: nameSchema, connected: z.boolean(), lastSeenMs: z.number() })
export type NodeInfo = z.infer<typeof nodeSchema>

/** `GET /v1/nodes`. `internalToken` is there for callers with scope `node` only. */
export const nodeListSchema = z.strictObject({
  nodes: z.array(nodeSchema),
  internalToken: z.string().optional(),
  /** Nodes that the operator has removed lately: nobody need remember them. */
  removed: z.array(nameSchema).optional(),
  nextCursor: nextCursorSchema,
})
export type NodeList = z.infer<typeof nodeListSchema>
