import type { PeerKind } from '../../control-plane/protocol/index.ts'
import type { Membership, Token } from '../../edge-node/routing/index.ts'
import { readAuthorities } from './authorities.ts'
import type { CliContext } from './context.ts'
import type { Reporter } from './reporter.ts'
import { nodeToken, type UpstreamOptions } from './role-options.ts'
import { wrongUsage } from './wrong-usage.ts'

/** What a role follows the control plane with. */
export interface Upstream {
  readonly token: Token
  /** PEM of the authorities that the control plane's certificate is checked by. */
  readonly ca: string | undefined
  /** The same for the internal ports of nodes. */
  readonly internalCa: string | undefined
  /** Where it has a credential of its own. */
  readonly membership: Membership | undefined
}

/**
 * Has a role join by its invitation, or takes up the credential that it has from before; without either it gets the shared token.
 * Rejects with what the control plane refuses with; to have nothing to call with is wrong usage.
 */
export async function joinUpstream(
  context: CliContext, reporter: Reporter, options: UpstreamOptions, kind: PeerKind, directory: string | undefined,
): Promise<Upstream> {
  const ca = await readAuthorities(context, options.ca)
  const internalCa = options.internalCa === undefined ? undefined : await readAuthorities(context, options.internalCa)
  const invitation = options.invitation ?? context.environment['SKERRY_INVITATION']
  if (directory === undefined) {
    if (invitation !== undefined && invitation !== '') {
      wrongUsage('to join with an invitation pass --data, where the credential is kept')
    }
    return { token: nodeToken(context, options), ca, internalCa, membership: undefined }
  }
  const { createControlPlaneCall, Membership } = await import('../../edge-node/routing/index.ts')
  const membership = await Membership.open({
    kind, directory, call: createControlPlaneCall(options.controlPlane, ca), signal: context.stopped, onNotice: (notice) => reporter.say(notice),
    invitation: invitation === '' ? undefined : invitation,
  })
  if (membership === undefined) return { token: nodeToken(context, options), ca, internalCa, membership }
  membership.keepFresh()
  return { token: () => membership.token, ca, internalCa, membership }
}
