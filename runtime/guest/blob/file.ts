import { HostOperation } from '../../bridge/index.ts'
import { callHost } from '../host.ts'
import { requireArguments, toDictionary, toUsvString } from '../webidl.ts'
import { Blob } from './blob.ts'

const access: { isFile?: (value: object) => boolean } = {}

/** https://w3c.github.io/FileAPI/#file-section */
export class File extends Blob {
  readonly #name: string
  readonly #lastModified: number

  constructor(parts: unknown, name: unknown, options?: unknown) {
    requireArguments(arguments.length, 2, 'File')
    super(parts, options)
    this.#name = toUsvString(name)
    const { lastModified } = toDictionary(options, 'FilePropertyBag')
    this.#lastModified = Math.trunc(Number(lastModified ?? callHost(HostOperation.now, 0))) || 0
  }

  get name(): string {
    return this.#name
  }
  get lastModified(): number {
    return this.#lastModified
  }
  get webkitRelativePath(): string {
    return ''
  }

  static {
    access.isFile = (value) => #name in value
  }
}

export function isFile(value: unknown): value is File {
  return typeof value === 'object' && value !== null && access.isFile?.(value) === true
}
