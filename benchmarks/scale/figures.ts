import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What `npm run scale -- --measure` found, and what all that follows is computed from. */

const amount = z.number().min(0)

const nodeTableSchema = z.strictObject({
  count: amount, versionsEach: amount,
  /** Of one function's state as JSON. */
  functionBytes: amount,
  stateHeapBytes: amount, tableHeapBytes: amount,
  /** The route table, made for the first time, and made anew after one function changed. */
  firstTableCpuMs: amount, nextTableCpuMs: amount,
  /** All hashes that are served, gathered in a set. */
  pinnedCpuMs: amount,
  /** Of the state on disk: what it takes to write it, and to read it at start. Left out where that failed. */
  fileBytes: amount.optional(), saveCpuMs: amount.optional(), openCpuMs: amount.optional(),
  /** To read the same from the feed. */
  snapshotCpuMs: amount.optional(),
  failure: z.string().optional(),
})
export type NodeTableCost = z.infer<typeof nodeTableSchema>

const controlPlaneSchema = z.strictObject({
  functions: amount,
  /** Those that follow the feed, and those that are on the list of nodes. */
  nodes: amount, listed: amount,
  deployments: amount, storeBytes: amount,
  /** CPU time of the whole process for one deployment, preparation and activation with the acknowledgements of all nodes. */
  deploymentCpuMs: amount,
  /** Of the two revisions of one deployment, as they go to each node. */
  revisionBytes: amount,
  /** One node that comes without a position: the snapshot. */
  snapshotCpuMs: amount, snapshotBytes: amount,
  memoryBytes: amount,
  /** A registration, and the list of all nodes. */
  registrationCpuMs: amount, listCpuMs: amount, listBytesPerNode: amount,
})
export type ControlPlaneCost = z.infer<typeof controlPlaneSchema>

export const figuresSchema = z.strictObject({
  format: z.literal(1),
  measuredAt: z.string(),
  machine: z.strictObject({ cpu: z.string(), cores: amount, memoryGb: amount, system: z.string(), architecture: z.string() }),
  isolates: z.strictObject({
    /** What each idle isolate adds to the memory of node and cells. */
    isolateBytes: amount,
    called: amount,
    /** How many of those called were still there: of those that were given up `isolateBytes` would tell nothing. */
    kept: amount,
    /** CPU time of node and cells for a first request, until the blank isolate is made up for. */
    coldCpuMs: amount,
    /** Of a node and its spare cells, before anybody called a function. */
    idleNodeBytes: amount,
    /** Of one cell without functions, with its blank isolates. */
    idleCellBytes: amount,
  }),
  /** CPU time of one warm hello world in the node's own process and in its cell, an event loop each. */
  warm: z.strictObject({ nodeCpuMs: amount, cellCpuMs: amount }),
  nodeTables: z.array(nodeTableSchema),
  controlPlanes: z.array(controlPlaneSchema),
  /** What a gateway computes for each request. */
  rankings: z.array(z.strictObject({ nodes: amount, cpuMs: amount })),
  /** To keep one more artifact on a node's disk where so many that are served are more than its share of it. */
  artifactBound: z.strictObject({ artifacts: amount, writeCpuMs: amount }),
  /** Smallest first. */
  artifacts: z.array(z.strictObject({ name: z.string(), bytes: amount })),
})
export type Figures = z.infer<typeof figuresSchema>

export const figuresFile = join(import.meta.dirname, 'measured.json')

export function readFigures(): Figures {
  return figuresSchema.parse(JSON.parse(readFileSync(figuresFile, 'utf8')))
}
