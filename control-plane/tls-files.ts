import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { SkerryError } from '../errors/index.ts'
import type { Clock } from './clock.ts'

export interface TlsFilesOptions {
  /** PEM: the certificate, and those between it and the authority. */
  readonly certificateFile: string
  /** PEM, readable by nobody else. */
  readonly keyFile: string
  readonly clock: Clock
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

export interface CertificateAndKey {
  readonly cert: string
  readonly key: string
}

const lookIntervalMs = 10_000

/**
 * Certificate and key of a server, read anew when the files change. What does not fit together, as while both are being replaced, is
 * reported and not used: the server goes on with what it has.
 */
export class TlsFiles {
  readonly #options: TlsFilesOptions
  #current: CertificateAndKey
  #cancelTimer: () => void = () => undefined
  #isClosed = false

  private constructor(options: TlsFilesOptions, current: CertificateAndKey) {
    this.#options = options
    this.#current = current
  }

  /** Throws `config_invalid` where a file is missing, the key may be read by everybody, or they do not belong together. */
  static async open(options: TlsFilesOptions): Promise<TlsFiles> {
    return new TlsFiles(options, await read(options))
  }

  get current(): CertificateAndKey {
    return this.#current
  }

  /** Calls back with what the files hold now whenever that is something new, until `close`. */
  watch(onChange: (current: CertificateAndKey) => void): void {
    if (this.#isClosed) return
    this.#cancelTimer = this.#options.clock.after(lookIntervalMs, () => {
      void this.#look(onChange).finally(() => this.watch(onChange))
    })
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
  }

  async #look(onChange: (current: CertificateAndKey) => void): Promise<void> {
    const { log } = this.#options
    try {
      const next = await read(this.#options)
      if (next.cert === this.#current.cert && next.key === this.#current.key) return
      onChange(next)
      this.#current = next
      log({ level: 'info', message: 'the certificate was read anew', validTo: new X509Certificate(next.cert).validTo })
    } catch (error) {
      log({ level: 'warn', message: 'the certificate could not be read anew; the one before stays', detail: error instanceof Error ? error.message : String(error) })
    }
  }
}

async function read({ certificateFile, keyFile }: TlsFilesOptions): Promise<CertificateAndKey> {
  try {
    const { mode } = await stat(keyFile)
    if ((mode & 0o007) !== 0) throw new SkerryError('config_invalid', `The key ${keyFile} may be read by everybody: chmod 600, and make another if anybody has.`)
    const [cert, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')])
    createSecureContext({ cert, key })
    return { cert, key }
  } catch (cause) {
    if (cause instanceof SkerryError) throw cause
    throw new SkerryError('config_invalid', `${certificateFile} and ${keyFile} are no certificate with its key (${cause instanceof Error ? cause.message : 'unknown'}).`, { cause })
  }
}
