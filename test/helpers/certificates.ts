import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface MadeCertificate {
  /** Days from now; negative for one that has expired. */
  readonly days?: number
  /** Without its ending. */
  readonly file?: string
}

/** Makes a self-signed certificate for names and addresses as `FILE.crt` with `FILE.key` (default: `NAME` of the first). */
export function makeCertificate(directory: string, names: readonly string[], { days = 2, file = names[0] ?? 'certificate' }: MadeCertificate = {}): string {
  const path = join(directory, file.replace('*', '_'))
  const alternative = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join()
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${path}.key`, '-out', `${path}.crt`,
    '-subj', '/CN=ignored.example.com', ...(names.length === 0 ? [] : ['-addext', `subjectAltName=${alternative}`]), '-days', String(days),
  ], { stdio: 'pipe' })
  return path
}
