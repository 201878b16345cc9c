import { requireArguments } from '../webidl.ts'
import { toUnsignedLong } from '../webidl/numbers.ts'
import type { File } from './file.ts'

/** What builds the class FileList. Nothing here makes one: libraries ask what they are given whether it is one. */
export function buildFileList() {
  /** https://w3c.github.io/FileAPI/#filelist-section */
  return class FileList {
    readonly #files: readonly File[] = []

    constructor() {
      throw new TypeError('Illegal constructor')
    }

    get length(): number {
      return this.#files.length
    }
    item(index: unknown): File | null {
      requireArguments(arguments.length, 1, 'FileList.item')
      return this.#files[toUnsignedLong(index)] ?? null
    }
  }
}
