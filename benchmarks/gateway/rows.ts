import type { BackEndName } from './back-ends.ts'
import type { PayloadName } from './payloads.ts'

export type ClientProtocol = 'http' | 'https' | 'h2'

/** One thing that is asked of every proxy. */
export interface Row {
  readonly name: string
  readonly title: string
  readonly backEnds: BackEndName
  readonly protocol: ClientProtocol
  readonly payload: PayloadName
  readonly connections: number
  /** Requests at this rate whatever is answered, to time them; without it as many as are answered, to count them. */
  readonly perSecond?: number
  /** One worker process each, or as many as a product takes by itself. */
  readonly workers: 'one' | 'default'
}

const counted = { connections: 64, workers: 'one' } as const

export const rows: readonly Row[] = [
  { name: 'latency-bare-1', title: 'bare servers, 1 connection, 500 requests/s', backEnds: 'bare', protocol: 'http', payload: 'small', connections: 1, perSecond: 500, workers: 'one' },
  { name: 'latency-bare-32', title: 'bare servers, 32 connections, 2,000 requests/s', backEnds: 'bare', protocol: 'http', payload: 'small', connections: 32, perSecond: 2_000, workers: 'one' },
  { name: 'latency-tls-32', title: 'bare servers, TLS, 32 connections, 2,000 requests/s', backEnds: 'bare', protocol: 'https', payload: 'small', connections: 32, perSecond: 2_000, workers: 'one' },
  { name: 'small', title: 'bare servers, GET of 16 bytes', backEnds: 'bare', protocol: 'http', payload: 'small', ...counted },
  { name: '10k', title: 'bare servers, GET of 10 KB', backEnds: 'bare', protocol: 'http', payload: '10k', ...counted },
  { name: '1m', title: 'bare servers, GET of 1 MB', backEnds: 'bare', protocol: 'http', payload: '1m', ...counted },
  { name: 'post-1k', title: 'bare servers, POST of 1 KB', backEnds: 'bare', protocol: 'http', payload: 'post-1k', ...counted },
  { name: 'post', title: 'bare servers, POST of 64 KB', backEnds: 'bare', protocol: 'http', payload: 'post', ...counted },
  { name: 'tls-small', title: 'bare servers, GET of 16 bytes, TLS', backEnds: 'bare', protocol: 'https', payload: 'small', ...counted },
  { name: 'tls-1m', title: 'bare servers, GET of 1 MB, TLS', backEnds: 'bare', protocol: 'https', payload: '1m', ...counted },
  { name: 'h2-small', title: 'bare servers, GET of 16 bytes, HTTP/2', backEnds: 'bare', protocol: 'h2', payload: 'small', ...counted },
  { name: 'h2-1m', title: 'bare servers, GET of 1 MB, HTTP/2', backEnds: 'bare', protocol: 'h2', payload: '1m', ...counted },
  { name: 'default-small', title: 'bare servers, GET of 16 bytes, workers as each product takes them', backEnds: 'bare', protocol: 'http', payload: 'small', connections: 64, workers: 'default' },
  { name: 'latency-node-1', title: 'edge nodes, 1 connection, 500 requests/s', backEnds: 'node', protocol: 'http', payload: 'small', connections: 1, perSecond: 500, workers: 'one' },
  { name: 'latency-node-32', title: 'edge nodes, 32 connections, 2,000 requests/s', backEnds: 'node', protocol: 'http', payload: 'small', connections: 32, perSecond: 2_000, workers: 'one' },
  { name: 'node-small', title: 'edge nodes, GET of 16 bytes', backEnds: 'node', protocol: 'http', payload: 'small', ...counted },
]
