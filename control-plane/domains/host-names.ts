import { defaultAccount } from '../auth/index.ts'

/** Pure rules about host names and routes: whose a host below DOMAIN is, which routes answer the same requests. */

/** The name and those above it, longest first, down to two labels: `a.b.example.com`, `b.example.com`, `example.com`. */
export function withParents(host: string): readonly string[] {
  const labels = host.split('.')
  return labels.slice(0, -1).map((_label, index) => labels.slice(index).join('.'))
}

export type HostKind =
  /** Not below DOMAIN: it is somebody's own domain. */
  | { readonly kind: 'outside' }
  /** Such as `VERSION--FUNCTION.DOMAIN`, which always leads to that version. */
  | { readonly kind: 'preview' }
  /** Below DOMAIN, in the part of this account. */
  | { readonly kind: 'below'; readonly account: string }

const previewLabel = /^[0-9a-hjkmnp-tv-z]{26}--/

/**
 * What a host name is: `NAME.DOMAIN` and DOMAIN itself belong to the default account, whatever is below `ACCOUNT.DOMAIN` to that account.
 * @param host in lower case, without port and without a dot at its end
 */
export function kindOfHost(host: string, domain: string): HostKind {
  if (host === domain) return { kind: 'below', account: defaultAccount }
  if (!host.endsWith(`.${domain}`)) return { kind: 'outside' }
  const labels = host.slice(0, -domain.length - 1).split('.')
  if (previewLabel.test(labels[0] ?? '')) return { kind: 'preview' }
  return { kind: 'below', account: labels.length === 1 ? defaultAccount : (labels.at(-1) ?? defaultAccount) }
}

/** Whether there are requests that both routes would answer. */
export function overlap(first: string, second: string): boolean {
  const [one, other] = [first, second].map((route) => ({ text: route.replace(/\*$/, ''), isPrefix: route.endsWith('*') }))
  if (one === undefined || other === undefined) return false
  if (!one.isPrefix && !other.isPrefix) return one.text === other.text
  const [host, otherHost] = [first, second].map((route) => route.slice(0, route.indexOf('/')))
  if (host !== otherHost) return false
  return (one.isPrefix && other.text.startsWith(one.text)) || (other.isPrefix && one.text.startsWith(other.text))
}

export function hostOf(route: string): string {
  return route.slice(0, route.indexOf('/'))
}
