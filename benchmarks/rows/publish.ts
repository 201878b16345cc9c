import { innerContext } from '../peers/inner-context.ts'
import { fiftyNodes, measurePublish, type PublishOptions, threeNodes } from '../publish/measure.ts'
import type { CaseRound, Row } from './row.ts'

/** How long until a new version answers everywhere? */
export const publish: Row = {
  name: 'publish',
  title: 'Publishing',
  about: ({ publishesToFifty }) => 'From sending a deployment until a request to each node is answered by the new version: three nodes as they are run in earnest'
    + (publishesToFifty === 0 ? '.' : `, and fifty, ${fiftyNodes.nodesPerProcess} to a process, all on this machine.`),
  cases: ({ publishesToFifty }) => [{ name: '3', title: 'three nodes, the last of them' }, ...(publishesToFifty === 0 ? [] : [{ name: '50', title: 'fifty nodes, the last of them' }])],
  decides: 'times',
  peers: ['skerry'],
  rounds: () => 1,
  weight: 90,
  async measure(_, context, { publishes, publishesToFifty }) {
    const measure = async (options: PublishOptions): Promise<CaseRound> => {
      const { versions, warmUps } = await measurePublish(options, await innerContext(context, String(options.nodes)))
      await context.processes.stopAll()
      return {
        // A version is served when it is served by the last of the nodes.
        samplesMs: versions.map(({ servedMs }) => Math.max(...servedMs)),
        raw: {
          warmUpMs: warmUps.map(({ servedMs }) => Math.max(...servedMs)),
          servedByNodeMs: versions.flatMap(({ servedMs }) => servedMs),
          uploadMs: versions.map(({ uploadMs }) => uploadMs),
          preparedMs: versions.map(({ preparedMs }) => preparedMs),
          activatedMs: versions.map(({ activatedMs }) => activatedMs),
        },
      }
    }
    const three = await measure({ ...threeNodes, publishes })
    return { 3: three, ...(publishesToFifty === 0 ? {} : { 50: await measure({ ...fiftyNodes, publishes: publishesToFifty }) }) }
  },
}
