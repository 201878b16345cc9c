import { URL } from './url.ts'

/**
 * Parses a URL that may be relative. A function has no location of its own, so that relative URLs do not parse; but code that was written
 * for browsers may set `globalThis.location`, whose `href` is then the base, as the settings object's API base URL is there:
 * https://html.spec.whatwg.org/#api-base-url. Throws a TypeError where it does not parse.
 */
export function parseRelativeUrl(input: unknown): URL {
  const { location } = globalThis as { location?: { readonly href?: unknown } | null }
  const base = location?.href
  return typeof base === 'string' ? new URL(input, base) : new URL(input)
}
