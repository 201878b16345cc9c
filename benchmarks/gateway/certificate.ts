import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A certificate for `*.localhost`, in the files that each product takes. */
export interface Certificate {
  readonly certificateFile: string
  readonly keyFile: string
  /** Both, one after the other. */
  readonly bothFile: string
}

/** Has OpenSSL make one that signs itself, with the kind of key that clients get most: ECDSA on P-256. */
export async function makeCertificate(directory: string): Promise<Certificate> {
  const [certificateFile, keyFile, bothFile] = [join(directory, 'certificate.pem'), join(directory, 'key.pem'), join(directory, 'both.pem')]
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,DNS:*.localhost', '-keyout', keyFile, '-out', certificateFile,
  ])
  await writeFile(bothFile, `${await readFile(certificateFile, 'utf8')}${await readFile(keyFile, 'utf8')}`)
  return { certificateFile, keyFile, bothFile }
}
