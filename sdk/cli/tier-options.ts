import { type Command, InvalidArgumentError } from 'commander'
import { nameSchema } from '../../control-plane/protocol/index.ts'
import { gather } from './options.ts'

/** Whose functions may share processes; see `TrustTier` of the runtime. */
interface Tier {
  readonly name: string
  readonly members: readonly string[]
}

export interface TierOptions {
  readonly tier?: readonly Tier[]
  readonly ownCells?: readonly string[]
}

const isName = (text: string | undefined): boolean => nameSchema.safeParse(text).success

function checkMember(member: string): string {
  const [account, functionName, ...rest] = member.split('/')
  if (isName(account) && (functionName === undefined || isName(functionName)) && rest.length === 0) return member
  throw new InvalidArgumentError(`"${member}" is no ACCOUNT or ACCOUNT/FUNCTION.`)
}

function parseTier(text: string, before: readonly Tier[] | undefined): readonly Tier[] {
  const [name = '', list = ''] = text.split(/=(.*)/s)
  const members = gather(list, undefined).map(checkMember)
  if (name === '' || members.length === 0) throw new InvalidArgumentError('It is written as NAME=ACCOUNT,ACCOUNT/FUNCTION.')
  return [...(before ?? []), { name, members }]
}

export function withTiers(command: Command): Command {
  return command
    .option('--tier <name=member,...>', 'accounts, or functions as ACCOUNT/FUNCTION, that share no process with those of other tiers; may be repeated', parseTier)
    .option('--own-cells <account[/function]>', 'who shares processes with nobody; may be repeated', (text: string, before?: readonly string[]) =>
      gather(text, before).map(checkMember))
}

/** The runtime's setting: who has cells of his own is a tier of one. */
export function tiersOf({ tier = [], ownCells = [] }: TierOptions): { readonly tiers: readonly Tier[] } {
  return { tiers: [...tier, ...ownCells.map((member) => ({ name: `own ${member}`, members: [member] }))] }
}
