import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'
import { formatTable } from '../table.ts'

export function nodesCommand(context: CliContext, setExitCode: SetExitCode): Command {
  return withServer(new Command('nodes').description('list the edge nodes, where they stand and how far they are')).action(
    async (options: ServerOptions) =>
      attemptWithClient(context, setExitCode, options, async (client, reporter) => {
        const nodes = await client.nodes()
        reporter.result(nodes)
        const rows = nodes.map((node) => [
          node.name,
          node.region,
          `${node.latitude}, ${node.longitude}`,
          node.url,
          node.draining ? 'draining' : node.connected ? 'connected' : 'absent',
          `${Math.round(node.load * 100)} %`,
          String(node.sequence),
        ])
        reporter.show(nodes.length === 0 ? 'No edge node has registered. Start one with `skerry edge`.' : formatTable(
          ['node', 'region', 'place', 'url', 'state', 'load', 'revision'], rows,
        ))
      }),
  )
}
