import { wallTime } from '../clock.ts'
import { requireArguments, toDictionary, toUsvString } from '../webidl.ts'
import { toLongLong } from '../webidl/numbers.ts'
import { Blob, blobType, readContent, seedBlob, toParts } from './blob.ts'

const access: { isFile?: (value: object) => boolean } = {}

/** https://w3c.github.io/FileAPI/#file-section */
export class File extends Blob {
  readonly #name: string
  readonly #lastModified: number

  /** https://w3c.github.io/FileAPI/#file-constructor */
  constructor(parts: unknown, name: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 2, 'File')
    // Arguments are converted from left to right, and the base dictionary is read before what it is extended by.
    const converted = toParts(parts)
    const text = toUsvString(name)
    const bag = toDictionary(options, 'FilePropertyBag')
    const content = readContent(converted, bag)
    const { lastModified } = bag
    super(seedBlob(content))
    this.#name = text
    this.#lastModified = lastModified === undefined ? wallTime() : toLongLong(lastModified)
  }

  get name(): string {
    return this.#name
  }
  get lastModified(): number {
    return this.#lastModified
  }
  /** https://wicg.github.io/entries-api/#dom-file-webkitrelativepath: there are no directories. */
  get webkitRelativePath(): string {
    return (this.#name, '')
  }

  static {
    access.isFile = (value) => #name in value
  }
}

export function isFile(value: unknown): value is File {
  return typeof value === 'object' && value !== null && access.isFile?.(value) === true
}

/** The blob as a file; shares its bytes. What it was last modified stays where it was a file before. */
export function fileFromBlob(blob: Blob, name: string): File {
  return new File([blob], name, { type: blobType(blob), ...(isFile(blob) ? { lastModified: blob.lastModified } : {}) })
}
