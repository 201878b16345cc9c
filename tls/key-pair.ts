import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import { SkerryError } from '../errors/index.ts'
import { tlsSettings } from './tls-settings.ts'

export interface KeyPairFiles {
  /** PEM: the certificate, and those between it and the authority. */
  readonly certificateFile: string
  /** PEM, readable by nobody else. */
  readonly keyFile: string
}

/** A certificate with its key, which were found to belong together. */
export interface KeyPair extends KeyPairFiles {
  readonly cert: string
  readonly key: string
  readonly context: SecureContext
  /** Host names that it is for, in lower case, `*.example.com` among them. */
  readonly names: readonly string[]
  /** Since the Unix epoch. */
  readonly validToMs: number
  /** Tells whether the files were written since. */
  readonly stamp: string
}

/** Throws `config_invalid` where a file is missing, the key may be read by everybody, or they do not belong together. Files that were not written since `before` are not read. */
export async function readKeyPair({ certificateFile, keyFile }: KeyPairFiles, before?: KeyPair): Promise<KeyPair> {
  try {
    const [ofCertificate, ofKey] = await Promise.all([stat(certificateFile), stat(keyFile)])
    if ((ofKey.mode & 0o007) !== 0) throw new SkerryError('config_invalid', `The key ${keyFile} may be read by everybody: chmod 600, and make another if anybody has.`)
    const stamp = [ofCertificate, ofKey].map(({ ino, size, mtimeMs, ctimeMs }) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`).join()
    if (before?.stamp === stamp) return before
    const [cert, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')])
    const context = createSecureContext({ ...tlsSettings, cert, key })
    const certificate = new X509Certificate(cert)
    return { certificateFile, keyFile, cert, key, context, names: namesOf(certificate), validToMs: Date.parse(certificate.validTo), stamp }
  } catch (cause) {
    if (cause instanceof SkerryError) throw cause
    throw new SkerryError('config_invalid', `${certificateFile} and ${keyFile} are no certificate with its key (${cause instanceof Error ? cause.message : 'unknown'}).`, { cause })
  }
}

/** The common name does not count, as it does for no client. @see https://www.rfc-editor.org/rfc/rfc9525#section-6.3 */
function namesOf({ subjectAltName }: X509Certificate): readonly string[] {
  const names: string[] = []
  for (const entry of (subjectAltName ?? '').split(', ')) {
    const name = /^DNS:((?:\*\.)?[a-z0-9._-]+)$/i.exec(entry)?.[1]
    if (name !== undefined) names.push(name.toLowerCase())
  }
  return names
}
