import { Command } from 'commander'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import type { CliContext } from '../context.ts'
import { attempt, gather, type SetExitCode } from '../options.ts'
import { type AdminOptions, type RoleOptions, withAdmin, withListening } from '../role-options.ts'
import { runRole } from '../run-role.ts'
import { natsSettings, type StoreOptions, withStore } from '../store-options.ts'
import { wrongUsage } from '../wrong-usage.ts'

interface ControlPlaneOptions extends RoleOptions, AdminOptions, StoreOptions {
  readonly data: string
  readonly gatewayUrl?: string
  readonly keyFile?: string
  readonly sharedNodeToken: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly verifyDomains?: boolean
  readonly resolver?: readonly string[]
}

function tlsFiles(context: CliContext, { tlsCert, tlsKey }: ControlPlaneOptions) {
  if (tlsCert === undefined && tlsKey === undefined) return {}
  if (tlsCert === undefined || tlsKey === undefined) wrongUsage('pass both --tls-cert and --tls-key')
  return { tls: { certificateFile: resolve(context.workingDirectory, tlsCert), keyFile: resolve(context.workingDirectory, tlsKey) } }
}

/** Where the master keys are: the flag goes before the environment. */
function masterKeys(context: CliContext, { keyFile }: ControlPlaneOptions): { readonly keyFile?: string; readonly masterKeys?: string } {
  if (keyFile !== undefined) return { keyFile: resolve(context.workingDirectory, keyFile) }
  const text = context.environment['SKERRY_KEY']
  return text === undefined || text === '' ? {} : { masterKeys: text }
}

const adminTokenCharactersMin = 32

/** A first token instead of the one that the store knows, such as for who has lost or revoked it. */
function firstToken(context: CliContext): { readonly tokens?: { readonly admin: string } } {
  const admin = context.environment['SKERRY_ADMIN_TOKEN']
  if (admin === undefined || admin === '') return {}
  if (admin.length < adminTokenCharactersMin) {
    throw new SkerryError('config_invalid', `SKERRY_ADMIN_TOKEN has fewer than ${adminTokenCharactersMin} characters; take random ones.`, { field: 'SKERRY_ADMIN_TOKEN' })
  }
  return { tokens: { admin } }
}

export function controlPlaneCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('control-plane').description('run the control plane: API, store and feed. It prints its tokens at the first start, with --json at each; SKERRY_ADMIN_TOKEN gives it another first one')
  return withStore(withAdmin(withListening(command, '127.0.0.1', 7400)))
    .option('--data <dir>', 'where state and artifacts are stored', '.skerry/control-plane')
    .option('--gateway-url <url>', 'where people reach functions; used in the URLs that it answers with')
    .option('--key-file <file>', 'master keys that secrets are sealed with, the same for every replica (default: secret.key in --data; the keys themselves: SKERRY_KEY)')
    .option('--tls-cert <file>', 'PEM of the certificate to serve by HTTPS with; read anew when it changes')
    .option('--tls-key <file>', 'PEM of its key')
    .option('--verify-domains', 'take routes outside the domain only on domains that the account has proven, see `skerry domain`')
    .option('--resolver <address>', 'ADDRESS[:PORT] of the resolver that proves domains (default: those of the system); may be repeated', gather)
    .option('--no-shared-node-token', 'let nodes and gateways in by invitation only, see `skerry node invite`')
    .action(async (options: ControlPlaneOptions) =>
      attempt(context, setExitCode, options, async (reporter) => {
        const { startControlPlane } = await import('../../../control-plane/index.ts')
        const nats = natsSettings(context, options)
        const start = () =>
          startControlPlane({
            host: options.host,
            port: options.port,
            adminPort: options.adminPort,
            adminHost: options.adminHost,
            dataDirectory: resolve(context.workingDirectory, options.data),
            domain: options.domain,
            sharedNodeToken: options.sharedNodeToken,
            ...tlsFiles(context, options),
            verifyDomains: options.verifyDomains === true,
            resolvers: options.resolver ?? [],
            ...masterKeys(context, options),
            ...firstToken(context),
            ...(nats === undefined ? {} : { nats }),
            ...(options.gatewayUrl === undefined ? {} : { gatewayUrl: options.gatewayUrl }),
          })
        await runRole(
          context, reporter, start,
          ({ url, adminUrl, adminToken, nodeToken }) => ({ url, adminUrl, adminToken, nodeToken }),
          // What is printed at each start of a service stands in its log.
          ({ url, adminUrl, adminToken, nodeToken, areTokensNew }) => ({ url, adminUrl, ...(areTokensNew ? { adminToken, nodeToken } : {}) }),
        )
      }),
    )
}
