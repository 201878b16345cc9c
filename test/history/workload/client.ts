import type { Random } from '../../helpers/random.ts'
import type { Action, Share } from '../history.ts'
import { badMarker } from '../processes/follower.ts'
import type { Api } from './api.ts'
import type { Answer, Recorder } from './recorder.ts'

/** Functions that are deployed together, always. */
type Names = readonly [string, ...(readonly string[])]
export const groups: readonly [Names, ...Names[]] = [['trio-a', 'trio-b', 'trio-c'], ['pair-a', 'pair-b']]
const single = ['solo-a', 'solo-b'] as const
const deleted = 'brief'
const keys = ['FIRST', 'SECOND'] as const
/** Everything that is there from the beginning. */
export const setUps: ReadonlyArray<readonly string[]> = [...groups, ...single.map((name) => [name])]

const leastPauseMs = 20
const mostPauseMs = 250
const mostLateMs = 40
const versionsKnownMax = 6

/** What clients know in common: versions that were activated, and tokens. */
export class Shelf {
  readonly #versions = new Map<string, readonly string[]>()
  readonly tokens = new Map<string, { readonly id: string; readonly secret: string }>()

  add(versions: Readonly<Record<string, string>>): void {
    for (const [name, version] of Object.entries(versions)) {
      const known = this.#versions.get(name) ?? []
      this.#versions.set(name, [...known.filter((one) => one !== version), version].slice(-versionsKnownMax))
    }
  }

  versionsOf(name: string): readonly string[] {
    return this.#versions.get(name) ?? []
  }
}

export interface ClientOptions {
  readonly name: string
  readonly apis: readonly [Api, ...Api[]]
  readonly random: Random
  readonly recorder: Recorder
  readonly shelf: Shelf
  readonly nodeToken: string
}

/** Does one thing after another, at random, at whichever control plane, and repeats deployments of which it heard nothing. */
export class Client {
  readonly #options: ClientOptions
  #lastNumber = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  async run(untilMs: number): Promise<void> {
    const { random } = this.#options
    while (performance.now() < untilMs) {
      await this.#act()
      await pause(random.between(leastPauseMs, mostPauseMs))
    }
  }

  /** Everything once, undisturbed. */
  async begin(): Promise<void> {
    const [api] = this.#options.apis
    for (const functions of [...setUps, [deleted]]) await this.perform({ kind: 'deploy', functions, marker: `first-${functions[0] ?? ''}`, percent: 100, activates: true }, api)
    for (const action of [
      { kind: 'putSecret', function: single[0], key: keys[0], value: 'first' }, { kind: 'listSecrets', function: single[0] },
      { kind: 'deleteSecret', function: single[0], key: keys[0] }, { kind: 'delete', function: deleted }, { kind: 'read', function: deleted },
      { kind: 'createToken', token: 'first' }, { kind: 'useToken', token: 'first' }, { kind: 'revokeToken', token: 'first' }, { kind: 'useToken', token: 'first' },
    ] satisfies readonly Action[]) await this.perform(action, api)
    await this.#release(single[0], api)
  }

  /** Deploys until it is done or refused, at most so many times. Answers with how it ended last. */
  async deploy(functions: readonly string[], tries: number, pauseMs: number, prefix = ''): Promise<Answer> {
    const { random } = this.#options
    this.#lastNumber += 1
    const percent = functions.length > 1 ? 100 : random.pick([100, 100, 100, 50, 25])
    const marker = `${prefix}${this.#options.name}-${this.#lastNumber}`
    const key = random.pick([marker, undefined])
    const action: Action = { kind: 'deploy', functions, marker, key, percent, activates: functions.length > 1 || random.between(1, 8) > 1 }
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.perform(action)
      if (answer.outcome === 'ok' || answer.detail === 'load_failed' || attempt >= tries) return answer
      await pause(pauseMs)
    }
  }

  async perform(action: Action, api: Api = this.#options.random.pick(this.#options.apis)): Promise<Answer> {
    const { name, recorder, shelf, nodeToken } = this.#options
    return recorder.record(name, api.name, action, () => (action.kind === 'fetch' ? api.fetch(action.marker, nodeToken) : ask(action, api, shelf)))
  }

  async #act(): Promise<void> {
    const { random, name, shelf } = this.#options
    const one = random.pick(single)
    const number = (this.#lastNumber += 1)
    const choice = random.between(1, 100)
    if (choice <= 8) await this.#race(one, number)
    else if (choice <= 18) await this.deploy([one], 2, 500)
    else if (choice <= 33) await this.deploy(random.pick(groups), 2, 500)
    else if (choice <= 36) await this.deploy([one], 1, 0, badMarker)
    else if (choice <= 44) await this.#release(one)
    else if (choice <= 48) await this.deploy([deleted], 1, 0)
    else if (choice <= 51) await this.perform({ kind: 'delete', function: deleted })
    else if (choice <= 64) await this.perform({ kind: 'putSecret', function: random.pick([one, one, random.pick(random.pick(groups))]), key: random.pick(keys), value: `${name}-${number}` })
    else if (choice <= 67) await this.perform({ kind: 'deleteSecret', function: one, key: random.pick(keys) })
    else if (choice <= 80) await this.perform({ kind: 'read', function: random.pick([one, deleted, random.pick(random.pick(groups))]) })
    else if (choice <= 85) await this.perform({ kind: 'listSecrets', function: one })
    else if (choice <= 89) await this.perform({ kind: 'createToken', token: `${name}-${number}` })
    else await this.#token(choice, [...shelf.tokens.keys()])
  }

  /** Several changes of one function at the same moment, which must not lose each other. */
  async #race(name: string, number: number): Promise<void> {
    const { random, name: client } = this.#options
    await Promise.all([
      this.deploy([name], 1, 0), this.#release(name),
      ...keys.map(async (key) => {
        await pause(random.between(0, mostLateMs))
        await this.perform({ kind: 'putSecret', function: name, key, value: `${client}-${number}` })
      }),
    ])
  }

  async #release(name: string, api?: Api): Promise<void> {
    const { random, shelf } = this.#options
    const [first, ...others] = shelf.versionsOf(name)
    if (first === undefined) return
    const version = random.pick([first, ...others])
    const other = random.pick([first, ...others])
    const percent = random.between(1, 99)
    const shares: readonly Share[] = other === version ? [{ version, percent: 100 }] : [{ version, percent }, { version: other, percent: 100 - percent }]
    await this.perform({ kind: 'release', function: name, shares }, api)
  }

  async #token(choice: number, [first, ...others]: readonly string[]): Promise<void> {
    if (first === undefined) return
    const token = this.#options.random.pick([first, ...others])
    await this.perform({ kind: choice <= 91 ? 'revokeToken' : 'useToken', token })
  }
}

async function ask(action: Exclude<Action, { kind: 'fetch' }>, api: Api, shelf: Shelf): Promise<Answer> {
  switch (action.kind) {
    case 'deploy': {
      const { versions, ...answer } = await api.deploy(action)
      if (versions !== undefined && action.activates) shelf.add(versions)
      return answer
    }
    case 'release':
      return api.release(action)
    case 'delete':
      return api.delete(action.function)
    case 'putSecret':
      return api.putSecret(action)
    case 'deleteSecret':
      return api.deleteSecret(action)
    case 'read':
      return api.read(action.function)
    case 'listSecrets':
      return api.listSecrets(action.function)
    case 'createToken': {
      const { id, secret, ...answer } = await api.createToken(action.token)
      if (id !== undefined && secret !== undefined) shelf.tokens.set(action.token, { id, secret })
      return answer
    }
    case 'useToken':
      return api.useToken(shelf.tokens.get(action.token)?.secret ?? '')
    default:
      return api.revokeToken(shelf.tokens.get(action.token)?.id ?? '')
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
