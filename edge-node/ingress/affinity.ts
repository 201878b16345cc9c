/** The cookie that keeps a client on one side of a percent split. */
export const affinityCookie = 'skerry-affinity'
const keyLengthMax = 128

/** The affinity key of a `cookie` header, if any. */
export function readAffinityCookie(cookie: string | undefined): string | undefined {
  if (cookie === undefined) return undefined
  const start = `${affinityCookie}=`
  for (const part of cookie.split(';')) {
    const pair = part.trim()
    if (pair.startsWith(start)) {
      const key = pair.slice(start.length)
      return key.length > 0 && key.length <= keyLengthMax ? key : undefined
    }
  }
  return undefined
}

/** `set-cookie` for a new key: 30 days, for this host only. */
export function affinitySetCookie(key: string, protocol: 'http' | 'https'): string {
  return `${affinityCookie}=${key}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax${protocol === 'https' ? '; Secure' : ''}`
}
