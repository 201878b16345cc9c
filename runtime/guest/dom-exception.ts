import { toDomString } from './webidl.ts'

/** https://webidl.spec.whatwg.org/#idl-DOMException */

/** Legacy codes: the index is the code, the second part the error's name. Empty where a code has no name of its own any more. */
const legacy = [
  ['INDEX_SIZE_ERR', 'IndexSizeError'], ['DOMSTRING_SIZE_ERR', ''], ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
  ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'], ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'], ['NO_DATA_ALLOWED_ERR', ''],
  ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'], ['NOT_FOUND_ERR', 'NotFoundError'],
  ['NOT_SUPPORTED_ERR', 'NotSupportedError'], ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'], ['INVALID_STATE_ERR', 'InvalidStateError'],
  ['SYNTAX_ERR', 'SyntaxError'], ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'], ['NAMESPACE_ERR', 'NamespaceError'],
  ['INVALID_ACCESS_ERR', 'InvalidAccessError'], ['VALIDATION_ERR', ''], ['TYPE_MISMATCH_ERR', 'TypeMismatchError'],
  ['SECURITY_ERR', 'SecurityError'], ['NETWORK_ERR', 'NetworkError'], ['ABORT_ERR', 'AbortError'],
  ['URL_MISMATCH_ERR', 'URLMismatchError'], ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'], ['TIMEOUT_ERR', 'TimeoutError'],
  ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'], ['DATA_CLONE_ERR', 'DataCloneError'],
] as const

/** V8's own: https://v8.dev/docs/stack-trace-api */
const { captureStackTrace } = Error as unknown as { captureStackTrace: (error: object, above: unknown) => void }

/** V8 leaves the message out of the stack's first line where it comes from an accessor. */
function completeStack(error: Error, name: string, message: string): void {
  const { stack } = error
  if (message === '' || stack === undefined || !stack.startsWith(`${name}\n`)) return
  const value = `${name}: ${message}${stack.slice(name.length)}`
  Object.defineProperty(error, 'stack', { value, writable: true, enumerable: false, configurable: true })
}

export class DOMException extends Error {
  readonly #name: string
  readonly #message: string

  constructor(message: unknown = '', nameOrOptions: unknown = 'Error') {
    super()
    this.#message = toDomString(message)
    if (typeof nameOrOptions === 'object' && nameOrOptions !== null) {
      const options = nameOrOptions as { name?: unknown; cause?: unknown }
      this.#name = options.name === undefined ? 'Error' : toDomString(options.name)
      if ('cause' in options) Object.defineProperty(this, 'cause', { value: options.cause, writable: true, configurable: true, enumerable: false })
    } else {
      this.#name = toDomString(nameOrOptions)
    }
    captureStackTrace(this, DOMException)
    completeStack(this, this.#name, this.#message)
  }

  get code(): number {
    return legacy.findIndex(([, name]) => name !== '' && name === this.#name) + 1
  }

  static {
    // Accessors of the prototype, where `Error` has data properties. The brand check keeps V8's early look at them harmless.
    Object.defineProperties(this.prototype, {
      name: { get(this: DOMException) { return #name in this ? this.#name : 'Error' }, configurable: true, enumerable: true },
      message: { get(this: DOMException) { return #message in this ? this.#message : '' }, configurable: true, enumerable: true },
    })
    for (const [index, [constant]] of legacy.entries()) {
      const descriptor = { value: index + 1, enumerable: true, writable: false, configurable: false }
      Object.defineProperty(this, constant, descriptor)
      Object.defineProperty(this.prototype, constant, descriptor)
    }
  }
}
