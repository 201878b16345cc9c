import { type Argument, Command, CommanderError } from 'commander'
import { backupCommand } from './commands/backup.ts'
import { accountCommand } from './commands/account.ts'
import { auditCommand } from './commands/audit.ts'
import { benchCommand } from './commands/bench.ts'
import { clusterCommand } from './commands/cluster.ts'
import { controlPlaneCommand } from './commands/control-plane.ts'
import { deleteCommand } from './commands/delete.ts'
import { deployCommand } from './commands/deploy.ts'
import { devCommand } from './commands/dev.ts'
import { dnsCommand } from './commands/dns.ts'
import { domainCommand } from './commands/domain.ts'
import { edgeCommand } from './commands/edge.ts'
import { functionsCommand } from './commands/functions.ts'
import { gatewayCommand } from './commands/gateway.ts'
import { initCommand } from './commands/init.ts'
import { migrateCommand } from './commands/migrate.ts'
import { nodeCommand } from './commands/node.ts'
import { memberCommand } from './commands/member.ts'
import { nodesCommand } from './commands/nodes.ts'
import { releaseCommand } from './commands/release.ts'
import { releasesCommand } from './commands/releases.ts'
import { restoreCommand } from './commands/restore.ts'
import { rotateKeyCommand } from './commands/rotate-key.ts'
import { rollbackCommand } from './commands/rollback.ts'
import { rolloutCommand } from './commands/rollout.ts'
import { secretCommand } from './commands/secret.ts'
import { tailCommand } from './commands/tail.ts'
import { verifyCommand } from './commands/verify.ts'
import { tokenCommand } from './commands/token.ts'
import { usageCommand } from './commands/usage.ts'
import { versionsCommand } from './commands/versions.ts'
import type { CliContext } from './context.ts'
import { productVersion } from './package-root.ts'
import { createReporter, exitCodes } from './reporter.ts'
import { wrongUsageCode } from './wrong-usage.ts'

const commands = [
  initCommand, devCommand, clusterCommand, controlPlaneCommand, edgeCommand, gatewayCommand, dnsCommand, deployCommand, versionsCommand,
  rollbackCommand, releaseCommand, rolloutCommand, releasesCommand, usageCommand, deleteCommand, secretCommand, tailCommand, functionsCommand, nodesCommand, domainCommand, nodeCommand, rotateKeyCommand, benchCommand,
  accountCommand, memberCommand, tokenCommand, auditCommand,
  backupCommand, restoreCommand, migrateCommand, verifyCommand,
]

const helpHint = '(add --help to see what there is)'

/** Commands without `[options]`, so that there is room for what they do in 80 columns. */
const help = {
  sortOptions: false,
  subcommandTerm: (command: Command): string => [command.name(), ...command.registeredArguments.map(humanReadable)].join(' '),
}

function humanReadable(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

/** A usage error ends commander by an exception, so that the exit code is ours; subcommands inherit nothing by themselves. */
function tame(command: Command, context: CliContext): void {
  command.configureHelp(help).exitOverride().showHelpAfterError(helpHint).configureOutput({ writeOut: context.writeOut, writeErr: context.writeError })
  for (const child of command.commands) tame(child, context)
}

/** Runs one command line and answers with its exit code. @param argv without the names of Node and the script */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = exitCodes.done
  const setExitCode = (code: number): void => {
    exitCode = code
  }
  const program = new Command('skerry')
    .description('Publishes and runs functions at the edge.')
    .version(productVersion(), '--version')
    .helpCommand(true)
  for (const register of commands) program.addCommand(register(context, setExitCode))
  tame(program, context)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCodes.done
    // What commander finds wrong it has told already.
    if (error.code === wrongUsageCode) context.writeError(`${error.message}\n${helpHint}\n`)
    // `skerry` alone shows its help as an error; that is a usage error like any other.
    const reporter = createReporter(context, argv.includes('--json'))
    reporter.result({ error: { code: 'usage', detail: error.message.replace(/^error: /, '') } })
    return exitCodes.usage
  }
}
