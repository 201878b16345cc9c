import { requireArguments, toDictionary, toUsvString } from '../webidl.ts'
import { isObject } from '../webidl/sequences.ts'
import { loadPatternEngine, type PatternEngine, type PatternInput, type PatternResult } from './engine.ts'

const components = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const
type Component = (typeof components)[number]
const initMembers = ['baseURL', ...components]

/** What builds the class URLPattern, which few functions use: https://urlpattern.spec.whatwg.org/#urlpattern-class, matched by urlpattern-polyfill. */
export function buildURLPattern() {
  const Engine = loadPatternEngine()

  return class URLPattern {
    readonly #engine: PatternEngine
    readonly #ignoreCase: boolean

    constructor(input: unknown = {}, baseUrlOrOptions: unknown = undefined, options: unknown = undefined) {
      const pattern = toInput(input)
      const hasBaseUrl = arguments.length > 2 || !(isObject(baseUrlOrOptions) || baseUrlOrOptions === undefined || baseUrlOrOptions === null)
      const { ignoreCase } = toDictionary(hasBaseUrl ? options : baseUrlOrOptions, 'URLPatternOptions')
      this.#ignoreCase = Boolean(ignoreCase)
      const settings = { ignoreCase: this.#ignoreCase }
      this.#engine = hasBaseUrl ? new Engine(pattern, toUsvString(baseUrlOrOptions), settings) : new Engine(pattern, settings)
    }

    get protocol(): string {
      return this.#engine.protocol
    }
    get username(): string {
      return this.#engine.username
    }
    get password(): string {
      return this.#engine.password
    }
    get hostname(): string {
      return this.#engine.hostname
    }
    get port(): string {
      return this.#engine.port
    }
    get pathname(): string {
      return this.#engine.pathname
    }
    get search(): string {
      return this.#engine.search
    }
    get hash(): string {
      return this.#engine.hash
    }
    get hasRegExpGroups(): boolean {
      return this.#engine.hasRegExpGroups
    }

    test(input: unknown = {}, baseURL: unknown = undefined): boolean {
      return this.#engine.test(toInput(input), toBaseUrl(baseURL))
    }

    exec(input: unknown = {}, baseURL: unknown = undefined): PatternResult | null {
      return this.#engine.exec(toInput(input), toBaseUrl(baseURL))
    }

    /** Orders the patterns of one component by how much they say: -1, 0 or 1. https://github.com/whatwg/urlpattern/pull/199 */
    static compareComponent(component: unknown, left: unknown, right: unknown): number {
      requireArguments(arguments.length, 3, 'compareComponent')
      const name = toUsvString(component) as Component
      if (!components.includes(name)) throw new TypeError(`"${name}" is no component of a URL`)
      return Engine.compareComponent(name, (left as URLPattern).#engine, (right as URLPattern).#engine)
    }
  }
}

/** URLPatternInput: a string, or URLPatternInit with its members converted. */
function toInput(value: unknown): PatternInput {
  if (!isObject(value) && value !== undefined && value !== null) return toUsvString(value)
  const init = toDictionary(value, 'URLPatternInit')
  const input: Record<string, string> = {}
  for (const name of initMembers) {
    if (init[name] !== undefined) input[name] = toUsvString(init[name])
  }
  return input
}

function toBaseUrl(value: unknown): string | undefined {
  return value === undefined ? undefined : toUsvString(value)
}
