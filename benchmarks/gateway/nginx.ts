import type { BackEnds } from './back-ends.ts'
import type { Certificate } from './certificate.ts'

/** Started by root, workers would run as nobody, who may not read what is in a folder of ours. */
export const nginxUser = process.getuid?.() === 0 ? 'user root;\n' : ''

/**
 * nginx as one would run it before these servers: connections kept on both sides, what did not reach a server offered to the other, the
 * client's address passed on, no log, bodies in memory. One host stays with one server, as with the gateway.
 */
export function nginxConfiguration({ port, tlsPort, directory, backEnds, certificate, workers }: {
  readonly port: number
  readonly tlsPort: number
  readonly directory: string
  readonly backEnds: BackEnds
  readonly certificate: Certificate
  readonly workers: number | undefined
}): string {
  return `${nginxUser}worker_processes ${workers ?? 'auto'};
daemon off;
pid ${directory}/pid;
error_log stderr notice;
events { worker_connections 4096; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 65s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_buffer_size 128k;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${directory}/${kind};\n`).join('')}  upstream nodes {
    hash $host consistent;
${backEnds.origins.map((origin) => `    server ${new URL(origin).host};\n`).join('')}    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl http2;
    ssl_certificate ${certificate.certificateFile};
    ssl_certificate_key ${certificate.keyFile};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 2s;
      proxy_read_timeout 905s;
      proxy_max_temp_file_size 0;
    }
  }
}
`
}
