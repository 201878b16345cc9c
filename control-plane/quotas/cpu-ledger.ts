import { z } from 'zod'
import { daySchema } from '../protocol/index.ts'
import { Collection, type Store } from '../store/index.ts'

/** CPU time of an account in a day, by node. Each node's figure only grows, so that whoever knows less takes over what is more. */
export const cpuRecords = new Collection('quota-cpu', z.strictObject({ day: daySchema, nodes: z.record(z.string(), z.number()) }))

const nodesMax = 10_000
const recordsPerRead = 1_000

/**
 * What accounts used of CPU time today, by node.
 *
 * Invariant: merging is taking the larger figure, so that reports may come twice, late, or to another process: each writes what it knows, and
 * takes over what is there.
 */
export class CpuLedger {
  readonly #accounts = new Map<string, Map<string, number>>()
  readonly #unsaved = new Set<string>()
  #day = ''

  get day(): string {
    return this.#day
  }

  /** Another day begins with nothing used. */
  turnTo(day: string): void {
    if (day === this.#day) return
    this.#day = day
    this.#accounts.clear()
    this.#unsaved.clear()
  }

  /** The node says so much of this day. */
  note(account: string, node: string, cpuMs: number): void {
    if (this.#merge(account, node, cpuMs)) this.#unsaved.add(account)
  }

  of(account: string, node: string): number {
    return this.#accounts.get(account)?.get(node) ?? 0
  }

  total(account: string): number {
    let sum = 0
    for (const cpuMs of this.#accounts.get(account)?.values() ?? []) sum += cpuMs
    return sum
  }

  /** Takes over what was saved for this day. */
  async load(store: Store): Promise<void> {
    for (let after: string | undefined; ;) {
      const records = await cpuRecords.list(store, { after, limit: recordsPerRead })
      for (const { key, value } of records) this.#adopt(key, value)
      after = records.at(-1)?.key
      if (records.length < recordsPerRead) return
    }
  }

  /** Saves what has changed, and takes over what others have saved of the same accounts. */
  async save(store: Store, timeMs: number): Promise<void> {
    const accounts = [...this.#unsaved]
    if (accounts.length === 0) return
    this.#unsaved.clear()
    const day = this.#day
    try {
      await store.commit(async () => {
        const writes = []
        for (const account of accounts) {
          const stored = await cpuRecords.read(store, account)
          if (stored !== undefined && day === this.#day) this.#adopt(account, stored)
          if (day === this.#day) writes.push(cpuRecords.put(account, { day, nodes: Object.fromEntries(this.#accounts.get(account) ?? []) }))
        }
        return { writes, timeMs }
      })
    } catch (error) {
      if (day === this.#day) for (const account of accounts) this.#unsaved.add(account)
      throw error
    }
  }

  #adopt(account: string, saved: { readonly day: string; readonly nodes: Readonly<Record<string, number>> }): void {
    if (saved.day !== this.#day) return
    for (const [node, cpuMs] of Object.entries(saved.nodes)) this.#merge(account, node, cpuMs)
  }

  #merge(account: string, node: string, cpuMs: number): boolean {
    let nodes = this.#accounts.get(account)
    if (nodes === undefined) this.#accounts.set(account, (nodes = new Map()))
    if (cpuMs <= (nodes.get(node) ?? 0) || (!nodes.has(node) && nodes.size >= nodesMax)) return false
    nodes.set(node, cpuMs)
    return true
  }
}
