import type { RetentionRule } from '../retention/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { readReleases } from './release-history.ts'

/** The newest of each function, besides those that are in use. */
const versionsKept = 1_000
const functionsPerRun = 1_000
const versionsPerStep = 100

/** Versions behind the newest 1,000 of a function, but for those that are active, previewed, or stand in a release that one can go back to. */
export function versionRetention(store: Store, kept = versionsKept): RetentionRule {
  return {
    name: 'versions',
    async run(nowMs) {
      let removed = 0
      for (const { account, name } of await store.listCrowdedFunctions(kept, functionsPerRun)) removed += await trim(store, account, name, kept, nowMs)
      return removed
    },
  }
}

async function trim(store: Store, account: string, name: string, kept: number, nowMs: number): Promise<number> {
  let removed = 0
  let before = await findOldestKept(store, account, name, kept)
  while (before !== undefined) {
    let step: { readonly next: string | undefined; readonly writes: readonly StoreWrite[] } = { next: undefined, writes: [] }
    await store.commit(async () => {
      const page = await store.readVersions(account, name, versionsPerStep, { before })
      const used = await versionsInUse(store, account, name)
      const over = page.filter(({ version, status }) => status !== 'active' && !used.has(version))
      step = {
        next: page.length < versionsPerStep ? undefined : page.at(-1)?.version,
        writes: over.map(({ version }) => ({ kind: 'deleteVersion', version })),
      }
      return { writes: step.writes, timeMs: nowMs }
    })
    removed += step.writes.length
    before = step.next
  }
  return removed
}

/** Only newer ones can be added: what is older than this stays too old. */
async function findOldestKept(store: Store, account: string, name: string, kept: number): Promise<string | undefined> {
  let before: string | undefined
  for (let seen = 0; seen < kept;) {
    const page = await store.readVersions(account, name, Math.min(versionsPerStep, kept - seen), { before })
    if (page.length === 0) return undefined
    seen += page.length
    before = page.at(-1)?.version
  }
  return before
}

async function versionsInUse(store: Store, account: string, name: string): Promise<ReadonlySet<string>> {
  const state = (await store.readFunction(account, name))?.state
  const releases = await readReleases(store, account, name)
  const named = [...(state?.shares ?? []), ...(state?.versions ?? []), ...releases.flatMap(({ shares }) => shares)]
  return new Set(named.map(({ version }) => version))
}
