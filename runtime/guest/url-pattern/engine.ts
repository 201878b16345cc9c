/** What is used of urlpattern-polyfill, whose own types declare globals. */
export interface PatternEngine {
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly hostname: string
  readonly port: string
  readonly pathname: string
  readonly search: string
  readonly hash: string
  readonly hasRegExpGroups: boolean
  test(input: PatternInput, baseUrl?: string): boolean
  exec(input: PatternInput, baseUrl?: string): PatternResult | null
}

export type PatternInput = string | Readonly<Record<string, string>>

export interface PatternResult {
  readonly inputs: readonly PatternInput[]
  readonly [component: string]: unknown
}

interface PatternSettings {
  readonly ignoreCase: boolean
}

export interface PatternEngineConstructor {
  new (input: PatternInput, settings: PatternSettings): PatternEngine
  new (input: PatternInput, baseUrl: string, settings: PatternSettings): PatternEngine
  compareComponent(component: string, left: PatternEngine, right: PatternEngine): number
}

/** The bundler evaluates what is required at the first call, so that the start-up snapshot holds no more of it than its source. */
declare const require: (name: string) => unknown

export function loadPatternEngine(): PatternEngineConstructor {
  return (require('urlpattern-polyfill/urlpattern') as { URLPattern: PatternEngineConstructor }).URLPattern
}
