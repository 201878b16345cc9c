import { z } from 'zod'
import { type Actor, auditWrite } from '../audit/index.ts'
import { type Comparison, type Rollout, rolloutSchema } from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'

/** Gradual roll-outs by `account/id`; those that are over are kept until their functions get another. */
const rollouts = new Collection('rollout', rolloutSchema)
/** The last roll-out of each function, by `account/function`. */
const lastRollouts = new Collection('rollout-of', z.string())
/** Those that are not over, by `account/id`. */
const activeRollouts = new Collection('rollout-active', z.literal(true))

type RolloutEvent = Rollout['history'][number]['event']

const historyMax = 50
const pageSize = 500

/** Which of the events leads to which state. */
const stateAfter: Readonly<Record<RolloutEvent, Rollout['state']>> = {
  started: 'running', advanced: 'running', resumed: 'running', paused: 'paused', done: 'done', 'rolled-back': 'rolled-back', aborted: 'aborted',
  superseded: 'superseded',
}

export function isOver({ state }: Pick<Rollout, 'state'>): boolean {
  return state !== 'running' && state !== 'paused'
}

export interface RolloutNote {
  readonly actor: Actor
  readonly event: RolloutEvent
  /** Why, for people. */
  readonly detail: string
  readonly timeMs: number
  readonly comparisons?: readonly Comparison[]
}

/** What a commit writes that begins a roll-out. Those before it are forgotten with the last function that they were about. */
export async function startRollout(store: Store, account: string, rollout: Rollout, actor: Actor): Promise<readonly StoreWrite[]> {
  const names = rollout.functions.map(({ name }) => name)
  const { startedMs: timeMs } = rollout
  return [
    ...(await forgetRollouts(store, account, names)),
    ...noteRollout(account, { ...rollout, history: [] }, { actor, event: 'started', detail: rollout.message, timeMs }),
    ...names.map((name) => lastRollouts.put(`${account}/${name}`, rollout.id)),
    activeRollouts.put(`${account}/${rollout.id}`, true),
  ]
}

/** What a commit writes with which something happens to a roll-out: its record, its entry in the audit log, and that it is over. */
export function noteRollout(account: string, rollout: Rollout, { actor, event, detail, timeMs, comparisons = [] }: RolloutNote): readonly StoreWrite[] {
  const entry = { timeMs, event, percent: rollout.percent, detail, comparisons: [...comparisons] }
  const next: Rollout = { ...rollout, state: stateAfter[event], history: [...rollout.history, entry].slice(-historyMax) }
  const key = `${account}/${rollout.id}`
  const subject = rollout.functions.map(({ name }) => name).join(',')
  return [
    rollouts.put(key, next),
    ...(isOver(next) ? [activeRollouts.remove(key)] : []),
    auditWrite(actor, `rollout.${event}`, subject, { rollout: rollout.id, percent: rollout.percent, detail, comparisons: entry.comparisons }, timeMs),
  ]
}

/** What a commit writes that ends the roll-outs of these functions, since something else was done with them. */
export async function supersedeRollouts(
  store: Store,
  account: string,
  names: readonly string[],
  note: Pick<RolloutNote, 'actor' | 'detail' | 'timeMs'> & { readonly except?: string | undefined },
): Promise<readonly StoreWrite[]> {
  const found = new Map<string, Rollout>()
  for (const name of names) {
    const rollout = await readRollout(store, account, name)
    if (rollout !== undefined && !isOver(rollout) && rollout.id !== note.except) found.set(rollout.id, rollout)
  }
  return [...found.values()].flatMap((rollout) => noteRollout(account, rollout, { ...note, event: 'superseded' }))
}

/** What a commit writes that forgets the roll-outs of functions, which are deleted or get another: records that no other function has. */
export async function forgetRollouts(store: Store, account: string, names: readonly string[]): Promise<readonly StoreWrite[]> {
  const writes: StoreWrite[] = names.map((name) => lastRollouts.remove(`${account}/${name}`))
  const ids = new Set<string>()
  for (const name of names) {
    const id = await lastRollouts.read(store, `${account}/${name}`)
    if (id !== undefined) ids.add(id)
  }
  for (const id of ids) {
    const key = `${account}/${id}`
    const rollout = await rollouts.read(store, key)
    const others = (rollout?.functions ?? []).filter(({ name }) => !names.includes(name))
    const isKept = await Promise.all(others.map(async ({ name }) => (await lastRollouts.read(store, `${account}/${name}`)) === id))
    if (!isKept.includes(true)) writes.push(rollouts.remove(key), activeRollouts.remove(key))
  }
  return writes
}

/** What a commit writes that takes the start of a roll-out back, since no node carried it out. @param names those of its functions that nobody has changed since */
export function removeRollout(account: string, id: string, names: readonly string[]): readonly StoreWrite[] {
  const key = `${account}/${id}`
  return [rollouts.remove(key), activeRollouts.remove(key), ...names.map((name) => lastRollouts.remove(`${account}/${name}`))]
}

/** The roll-out that a function had last, over or not. */
export async function readRollout(store: Store, account: string, name: string): Promise<Rollout | undefined> {
  const id = await lastRollouts.read(store, `${account}/${name}`)
  return id === undefined ? undefined : rollouts.read(store, `${account}/${id}`)
}

export function readRolloutById(store: Store, account: string, id: string): Promise<Rollout | undefined> {
  return rollouts.read(store, `${account}/${id}`)
}

/** An account's roll-outs, newest first. */
export async function listRollouts(store: Store, account: string, range: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly Rollout[]> {
  const after = range.after === undefined ? undefined : `${account}/${range.after}`
  return (await rollouts.list(store, { prefix: `${account}/`, newestFirst: true, limit: range.limit, after })).map(({ value }) => value)
}

/** All roll-outs, of every account, that are not over. */
export async function* activeOnes(store: Store): AsyncGenerator<{ readonly account: string; readonly rollout: Rollout }> {
  for (let after: string | undefined; ;) {
    const page = await activeRollouts.list(store, { after, limit: pageSize })
    for (const { key } of page) {
      const account = key.slice(0, key.indexOf('/'))
      const rollout = await rollouts.read(store, key)
      if (rollout !== undefined) yield { account, rollout }
    }
    after = page.at(-1)?.key
    if (page.length < pageSize) return
  }
}
