import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SkerryError } from '../errors/index.ts'
import { CertificateSet } from './certificate-set.ts'
import { type KeyPair, type KeyPairFiles, readKeyPair } from './key-pair.ts'
import { Reloaded, type ReloadOptions } from './reloaded.ts'

export interface CertificateSources {
  /** The first of them is shown where no name matches. */
  readonly pairs?: readonly KeyPairFiles[] | undefined
  /** Holds `NAME.crt` or `NAME.pem`, each with `NAME.key`; what has no partner is left alone. `default` is shown where no name matches and there are no `pairs`. */
  readonly directory?: string | undefined
}

export interface CertificateOptions extends CertificateSources {
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
  readonly after?: ReloadOptions<CertificateSet>['after']
}

/** The certificates of a server, as its files hold them at this moment. */
export type Certificates = Reloaded<CertificateSet>

const defaultName = 'default'

/**
 * Reads the certificates of a server, and reads them anew when their files change. Rejects with `config_invalid` where one of `pairs` can not be
 * used, or the directory holds none that can. One of a directory that can not is left out, or stays as it was, so that the others are served.
 */
export function openCertificates({ pairs = [], directory, log, after }: CertificateOptions): Promise<Certificates> {
  let told: ReadonlySet<string> = new Set()
  /** Each reason once. */
  const warn = (reasons: readonly string[]): void => {
    for (const detail of reasons) if (!told.has(detail)) log({ level: 'warn', message: 'a certificate could not be read; the one before stays, where there was one', detail })
    told = new Set(reasons)
  }
  const read = async (before: CertificateSet | undefined): Promise<CertificateSet> => {
    const known = new Map(before?.pairs.map((pair) => [pair.certificateFile, pair]))
    const listed = directory === undefined ? [] : await list(directory)
    const all: KeyPair[] = []
    const refused: string[] = []
    for (const files of [...pairs, ...listed]) {
      const earlier = known.get(files.certificateFile)
      try {
        all.push(await readKeyPair(files, earlier))
      } catch (error) {
        if (before === undefined && pairs.includes(files)) throw error
        refused.push(error instanceof Error ? error.message : String(error))
        if (earlier !== undefined) all.push(earlier)
      }
    }
    warn(refused)
    if (all.length === 0) {
      throw new SkerryError('config_invalid', refused[0] ?? `There is no NAME.crt (or NAME.pem) with its NAME.key in ${directory ?? 'what was named'}.`, { field: 'tls' })
    }
    const fallbackFile = pairs[0]?.keyFile ?? join(directory ?? '', `${defaultName}.key`)
    const fallback = all.find(({ keyFile }) => keyFile === fallbackFile)
    return new CertificateSet(all, fallback, refused.length)
  }
  return Reloaded.open({
    read, after,
    isSame: (was, now) => was.refused === now.refused && arePairsSame(was, now),
    onRead: (now, was) => {
      if (arePairsSame(was, now)) return
      const firstToExpire = new Date(Math.min(...now.pairs.map(({ validToMs }) => validToMs))).toISOString()
      log({ level: 'info', message: 'the certificates were read anew', certificates: now.pairs.length, firstToExpire })
    },
    onRefused: (detail) => log({ level: 'warn', message: 'the certificate could not be read anew; the one before stays', detail }),
  })
}

function arePairsSame({ pairs: was }: CertificateSet, { pairs: now }: CertificateSet): boolean {
  return was.length === now.length && was.every((pair, index) => pair === now[index])
}

async function list(directory: string): Promise<readonly KeyPairFiles[]> {
  const files = await readdir(directory).catch((cause: unknown) => {
    throw new SkerryError('config_invalid', `The certificates can not be read from ${directory}.`, { cause, field: 'tls' })
  })
  const keys = new Set(files.filter((file) => file.endsWith('.key')))
  return files.filter((file) => /\.(?:crt|pem)$/.test(file) && keys.has(`${file.slice(0, -4)}.key`)).toSorted()
    .map((file) => ({ certificateFile: join(directory, file), keyFile: join(directory, `${file.slice(0, -4)}.key`) }))
}
