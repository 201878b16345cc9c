import type { BackEnds } from './back-ends.ts'
import type { Certificate } from './certificate.ts'

/**
 * haproxy as one would run it before these servers: connections kept on both sides and shared, health checks, what did not reach a server
 * offered to the other, the client's address passed on, no log. One host stays with one server, as with the gateway.
 */
export function haproxyConfiguration({ port, tlsPort, backEnds, certificate, workers }: {
  readonly port: number
  readonly tlsPort: number
  readonly backEnds: BackEnds
  readonly certificate: Certificate
  readonly workers: number | undefined
}): string {
  return `global
  maxconn 4096
${workers === undefined ? '' : `  nbthread ${workers}\n`}defaults
  mode http
  timeout connect 2s
  timeout client 65s
  timeout server 905s
  timeout http-keep-alive 65s
  option redispatch
  retries 3
  option forwardfor
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${tlsPort} ssl crt ${certificate.bothFile} alpn h2,http/1.1 ssl-min-ver TLSv1.2
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  default_backend nodes
backend nodes
  balance hdr(host)
  hash-type consistent
${backEnds.origins.map((origin, index) => `  server node${index} ${new URL(origin).host} check inter 500\n`).join('')}`
}
