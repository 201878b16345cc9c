/** Where a node says that others reach it. */
interface ToldUrls {
  readonly url: string
  readonly internalUrl: string
  readonly adminUrl: string
}

const flags = { url: '--public-url URL', internalUrl: '--internal-url URL', adminUrl: '--admin-host ADDRESS' } as const
const whose = { url: 'clients reach functions', internalUrl: 'gateways and other nodes reach it', adminUrl: 'gateways and DNS servers check it' } as const

function reach(url: string): 'anywhere' | 'loopback' | 'nowhere' {
  const { hostname } = new URL(url)
  if (hostname === '0.0.0.0' || hostname === '[::]') return 'nowhere'
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]' ? 'loopback' : 'anywhere'
}

/** Notices of what a node tells others that does not lead them to it: all addresses at once, and loopback where it is meant for other machines. */
export function leadNowhere(told: ToldUrls): string[] {
  const isForOthers = (['url', 'internalUrl', 'adminUrl'] as const).some((name) => reach(told[name]) === 'anywhere')
  return (['url', 'internalUrl', 'adminUrl'] as const).flatMap((name) => {
    const to = reach(told[name])
    if (to === 'anywhere' || (to === 'loopback' && !isForOthers)) return []
    return [`${told[name]}, where ${whose[name]}, leads there from this machine alone: pass ${flags[name]}`]
  })
}
