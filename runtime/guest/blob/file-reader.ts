import { DOMException } from '../dom-exception.ts'
import { dispatch, eventControl, EventHandlers, EventTarget } from '../events/index.ts'
import { startTimer, stopTimer } from '../timers/index.ts'
import { requireArguments, toDomString } from '../webidl.ts'
import { type Blob, blobBytes, isBlob } from './blob.ts'
import { packageData, type PackageKind } from './package-data.ts'
import { ProgressEvent } from './progress-event.ts'

const states = { EMPTY: 0, LOADING: 1, DONE: 2 } as const
type State = (typeof states)[keyof typeof states]
const handlerTypes = ['loadstart', 'progress', 'load', 'abort', 'error', 'loadend'] as const
type HandlerType = (typeof handlerTypes)[number]

/** What builds the class FileReader, which few functions use. */
export function buildFileReader() {
  /** https://w3c.github.io/FileAPI/#filereader-section. A blob is in memory, so that a read is two tasks: it starts, and it is done. */
  return class FileReader extends EventTarget {
    #state: State = states.EMPTY
    #result: string | ArrayBuffer | null = null
    #error: DOMException | null = null
    /** The task that goes on with the read. */
    #timer = 0
    readonly #handlers = new EventHandlers(this)

    get readyState(): number {
      return this.#state
    }
    get result(): string | ArrayBuffer | null {
      return this.#result
    }
    get error(): DOMException | null {
      return this.#error
    }

    readAsArrayBuffer(blob: unknown): void {
      requireArguments(arguments.length, 1, 'FileReader.readAsArrayBuffer')
      this.#read(blob, 'array buffer')
    }
    readAsBinaryString(blob: unknown): void {
      requireArguments(arguments.length, 1, 'FileReader.readAsBinaryString')
      this.#read(blob, 'binary string')
    }
    readAsText(blob: unknown, encoding: unknown = undefined): void {
      requireArguments(arguments.length, 1, 'FileReader.readAsText')
      this.#read(blob, 'text', encoding === undefined ? undefined : toDomString(encoding))
    }
    readAsDataURL(blob: unknown): void {
      requireArguments(arguments.length, 1, 'FileReader.readAsDataURL')
      this.#read(blob, 'data URL')
    }

    /** https://w3c.github.io/FileAPI/#dfn-abort */
    abort(): void {
      this.#result = null
      if (this.#state !== states.LOADING) return
      this.#state = states.DONE
      stopTimer(this.#timer)
      this.#fire('abort', 0, 0)
      if (this.#state === states.DONE) this.#fire('loadend', 0, 0)
    }

    /** https://w3c.github.io/FileAPI/#readOperation; each event has a task of its own, so that promise jobs run in between. */
    #read(blob: unknown, kind: PackageKind, encodingName?: string): void {
      if (!isBlob(blob)) throw new TypeError('A FileReader reads a Blob')
      if (this.#state === states.LOADING) throw new DOMException('The FileReader is reading already', 'InvalidStateError')
      this.#state = states.LOADING
      this.#result = null
      this.#error = null
      stopTimer(this.#timer)
      const total = blobBytes(blob).length
      const tasks = [
        () => this.#fire('loadstart', 0, total),
        () => this.#fire('progress', total, total),
        () => this.#finish(blob, kind, encodingName, total),
        () => this.#fire('loadend', total, total),
      ]
      this.#run(tasks.filter((_task, index) => total > 0 || index !== 1))
    }

    /** Runs one after the other; abort, and another read, take what is left away. */
    #run([task, ...rest]: readonly (() => void)[]): void {
      if (task === undefined) return
      this.#timer = startTimer(() => {
        this.#run(rest)
        task()
      }, 0)
    }

    #finish(blob: Blob, kind: PackageKind, encodingName: string | undefined, total: number): void {
      this.#state = states.DONE
      try {
        this.#result = packageData(blob, kind, encodingName)
      } catch {
        this.#error = new DOMException('The blob is too large to be read so', 'NotReadableError')
      }
      this.#fire(this.#error === null ? 'load' : 'error', total, total)
    }

    #fire(type: HandlerType, loaded: number, total: number): void {
      const event = new ProgressEvent(type, { lengthComputable: total > 0, loaded, total })
      eventControl(event).trusted = true
      dispatch(this, event)
    }

    static {
      for (const [name, value] of Object.entries(states)) {
        for (const owner of [this, this.prototype]) Object.defineProperty(owner, name, { value, enumerable: true })
      }
      for (const type of handlerTypes) {
        const accessor = {
          get [`on${type}`](): unknown {
            return (this as unknown as FileReader).#handlers.of(type).callback
          },
          set [`on${type}`](value: unknown) {
            ;(this as unknown as FileReader).#handlers.of(type).callback = value
          },
        }
        Object.defineProperties(this.prototype, Object.getOwnPropertyDescriptors(accessor))
      }
    }
  }
}
