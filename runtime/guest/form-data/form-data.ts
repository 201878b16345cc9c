import { type File, fileFromBlob, isBlob, isFile } from '../blob/index.ts'
import { iteratorFactory } from '../iterators.ts'
import { requireArguments, shapeInterface, toUsvString } from '../webidl.ts'

/** https://xhr.spec.whatwg.org/#concept-formdata-entry */
export type FormDataEntry = readonly [name: string, value: string | File]

const access: { entries?: (form: FormData) => FormDataEntry[]; isForm?: (value: object) => boolean } = {}
const iterate = iteratorFactory('FormData Iterator', (form: FormData, index) => formDataEntries(form)[index])

/** https://xhr.spec.whatwg.org/#interface-formdata */
export class FormData {
  #entries: FormDataEntry[] = []

  /** https://xhr.spec.whatwg.org/#dom-formdata */
  constructor(form: unknown = undefined, submitter: unknown = undefined) {
    if (form !== undefined || (submitter !== undefined && submitter !== null)) throw new TypeError('FormData takes no form here: there is no document')
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-append */
  append(name: unknown, value: unknown, filename: unknown = undefined): void {
    requireArguments(arguments.length, 2, 'FormData.append')
    this.#entries.push(createEntry(name, value, filename))
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-delete */
  delete(name: unknown): void {
    requireArguments(arguments.length, 1, 'FormData.delete')
    const text = toUsvString(name)
    this.#entries = this.#entries.filter((entry) => entry[0] !== text)
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-get */
  get(name: unknown): string | File | null {
    requireArguments(arguments.length, 1, 'FormData.get')
    const text = toUsvString(name)
    return this.#entries.find((entry) => entry[0] === text)?.[1] ?? null
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-getall */
  getAll(name: unknown): (string | File)[] {
    requireArguments(arguments.length, 1, 'FormData.getAll')
    const text = toUsvString(name)
    return this.#entries.filter((entry) => entry[0] === text).map((entry) => entry[1])
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-has */
  has(name: unknown): boolean {
    requireArguments(arguments.length, 1, 'FormData.has')
    const text = toUsvString(name)
    return this.#entries.some((entry) => entry[0] === text)
  }

  /** https://xhr.spec.whatwg.org/#dom-formdata-set: the first takes the value, the others go. */
  set(name: unknown, value: unknown, filename: unknown = undefined): void {
    requireArguments(arguments.length, 2, 'FormData.set')
    const entry = createEntry(name, value, filename)
    const index = this.#entries.findIndex((existing) => existing[0] === entry[0])
    if (index < 0) {
      this.#entries.push(entry)
      return
    }
    this.#entries = this.#entries.filter((existing, position) => position <= index || existing[0] !== entry[0])
    this.#entries[index] = entry
  }

  entries(): IterableIterator<[string, string | File]> {
    formDataEntries(this)
    return iterate(this, 'entries') as IterableIterator<[string, string | File]>
  }
  keys(): IterableIterator<string> {
    formDataEntries(this)
    return iterate(this, 'keys') as IterableIterator<string>
  }
  values(): IterableIterator<string | File> {
    formDataEntries(this)
    return iterate(this, 'values') as IterableIterator<string | File>
  }
  forEach(callback: unknown, receiver: unknown = undefined): void {
    requireArguments(arguments.length, 1, 'FormData.forEach')
    if (typeof callback !== 'function') throw new TypeError('FormData.forEach takes a function')
    for (let index = 0; index < this.#entries.length; index += 1) {
      const [name, value] = this.#entries[index] as FormDataEntry
      Reflect.apply(callback, receiver, [value, name, this])
    }
  }

  declare readonly [Symbol.iterator]: () => IterableIterator<[string, string | File]>

  static {
    access.entries = (form) => form.#entries
    access.isForm = (value) => #entries in value
  }
}

shapeInterface(FormData, 'FormData')
Object.defineProperty(FormData.prototype, Symbol.iterator, {
  // oxlint-disable-next-line typescript/unbound-method -- the same function under both names, as WebIDL asks.
  value: FormData.prototype.entries, writable: true, enumerable: false, configurable: true,
})

export function isFormData(value: unknown): value is FormData {
  return typeof value === 'object' && value !== null && access.isForm?.(value) === true
}

/** The entries, not a copy. Throws a TypeError where it is no FormData. */
export function formDataEntries(form: FormData): FormDataEntry[] {
  return access.entries?.(form) ?? []
}

/** https://xhr.spec.whatwg.org/#create-an-entry */
function createEntry(name: unknown, value: unknown, filename: unknown): FormDataEntry {
  const text = toUsvString(name)
  if (!isBlob(value)) {
    if (filename !== undefined) throw new TypeError('A file name goes with a Blob only')
    return [text, toUsvString(value)]
  }
  if (isFile(value) && filename === undefined) return [text, value]
  return [text, fileFromBlob(value, filename === undefined ? 'blob' : toUsvString(filename))]
}
