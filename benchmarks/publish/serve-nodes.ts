import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { startEdgeNode } from '../../edge-node/index.ts'
import { findRegion, regionCodes } from '../../geography/index.ts'

/**
 * A process of several edge nodes: each with its own ports, folder, feed connection and cells, as `skerry edge` has them; they share
 * one event loop. Tells the nodes on one line when all of them are ready, and ends on SIGTERM.
 */

const { values } = parseArgs({
  options: {
    'control-plane': { type: 'string' },
    directory: { type: 'string' },
    first: { type: 'string' },
    count: { type: 'string' },
    spares: { type: 'string' },
    blanks: { type: 'string' },
  },
})
const settings = z.object({
  'control-plane': z.url(),
  directory: z.string(),
  first: z.coerce.number().int(),
  count: z.coerce.number().int().min(1),
  spares: z.coerce.number().int().optional(),
  blanks: z.coerce.number().int().optional(),
}).parse(values)
const token = z.string().parse(process.env['SKERRY_NODE_TOKEN'])

const nodes = await Promise.all(Array.from({ length: settings.count }, async (_, offset) => {
  const index = settings.first + offset
  const codes = regionCodes()
  const region = findRegion(codes[index % codes.length] ?? '')
  if (region === undefined) throw new Error('there are no regions')
  const name = `${region.code}-${index}`
  const node = await startEdgeNode({
    name, region: region.code, latitude: region.latitude, longitude: region.longitude, host: '127.0.0.1', port: 0,
    controlPlaneUrl: settings['control-plane'], token, dataDirectory: join(settings.directory, name), domain: 'localhost',
    allowOutbound: [], allowLocationHeader: false, trustedProxies: [],
    runtime: {
      ...(settings.spares === undefined ? {} : { spareCells: settings.spares }),
      ...(settings.blanks === undefined ? {} : { blankIsolates: settings.blanks }),
    },
  })
  await node.ready()
  return { name, node }
}))
process.once('SIGTERM', () => {
  void Promise.all(nodes.map(({ node }) => node.close())).finally(() => process.exit(0))
})
process.stdout.write(`${JSON.stringify({ nodes: nodes.map(({ name, node }) => ({ name, url: node.url })) })}\n`)
