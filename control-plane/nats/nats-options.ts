import { SkerryError } from '../../errors/index.ts'

/** How the replicas of a control plane reach the servers that keep their log, and what they call theirs there. */
export interface NatsOptions {
  /** `nats://` or `tls://` URLs of servers of one cluster; user and password may stand in them. */
  readonly servers: readonly string[]
  /** Stands before the names of streams, buckets and subjects; `skerry` unless set. Control planes that share servers need one each. */
  readonly name?: string | undefined
  /** Copies that the servers keep of everything, where this creates it: 1 unless set, 3 in a cluster of three. */
  readonly replicas?: number | undefined
  /** JetStream domain of the servers that keep it, where they are reached through leaf nodes. */
  readonly domain?: string | undefined
  /** Where they do not stand in a URL. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** A file with a user's JWT and seed. */
  readonly credentialsFile?: string | undefined
  /** Certificates of authorities that servers are trusted by, in PEM. */
  readonly certificateAuthorityFile?: string | undefined
}

export const defaultNatsName = 'skerry'

export interface NatsServers {
  /** `host:port`. */
  readonly addresses: readonly string[]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly isEncrypted: boolean
}

/** Throws `config_invalid` where a URL is none of a server. */
export function parseServers(urls: readonly string[]): NatsServers {
  const parsed = urls.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '' || !['', '/'].includes(url.pathname)) {
      throw new SkerryError('config_invalid', `A server of NATS is given as nats://HOST:PORT or tls://HOST:PORT, not as ${withoutPassword(text)}.`)
    }
    return url
  })
  const named = parsed.find((url) => url.username !== '')
  return {
    addresses: parsed.map((url) => `${url.hostname}:${url.port === '' ? '4222' : url.port}`),
    user: named === undefined ? undefined : decodeURIComponent(named.username),
    password: named === undefined ? undefined : decodeURIComponent(named.password),
    isEncrypted: parsed.some((url) => url.protocol === 'tls:'),
  }
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^@/]*@/, '//')
}
