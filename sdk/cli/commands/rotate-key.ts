import { Command, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { attemptWithClient, type ServerOptions, type SetExitCode, withServer } from '../options.ts'

export function rotateKeyCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('rotate-key')
    .description('replace the master key that secrets are sealed with (scope operator); repeat it where it was interrupted')
    .addOption(new Option('--internal-token', 'the token that gateways and nodes know one another by, instead').conflicts(['signingKey', 'dataKey']))
    .addOption(new Option('--signing-key', 'the key that signs the feed, instead').conflicts('dataKey'))
    .option('--data-key', 'the data key of the account instead (scope admin)')
  return withServer(command).action(async (options: ServerOptions & { readonly dataKey?: boolean; readonly internalToken?: boolean; readonly signingKey?: boolean }) =>
    attemptWithClient(context, setExitCode, options, async (client, reporter) => {
      if (options.dataKey === true) {
        const rotation = await client.keys.rotateDataKey()
        reporter.result(rotation)
        reporter.show(`${rotation.account} has a new data key; ${rotation.resealed} secrets were sealed anew`)
        return
      }
      if (options.internalToken === true) {
        await client.keys.rotateInternalToken()
        reporter.result({ begun: true })
        reporter.show('gateways and nodes take a new token up within a minute; the old one is good for ten more')
        return
      }
      if (options.signingKey === true) {
        await client.keys.rotateSigningKey()
        reporter.result({ replaced: true })
        reporter.show('the feed is signed with a new key, which the old one has certified; nodes go on with it within seconds')
        return
      }
      const rotation = await client.keys.rotateMasterKey()
      reporter.result(rotation)
      reporter.show(`the key ${rotation.key} seals now; ${rotation.resealed} records were sealed anew`)
      if (rotation.retired.length > 0) reporter.show(`nothing is sealed with ${rotation.retired.join(', ')} any more`)
    }),
  )
}
