import { setImmediate } from 'node:timers/promises'
import type { Store } from '../store/index.ts'
import type { RetentionRule } from './retention.ts'

/** An artifact that no version names may belong to a deployment that is about to come. */
const graceMs = 24 * 60 * 60 * 1_000
const artifactsPerStep = 200

/** Artifacts that no version names any more. */
export function artifactRetention(store: Store): RetentionRule {
  return {
    name: 'artifacts',
    async run(nowMs) {
      let total = 0
      for (let after: string | undefined; ;) {
        const { collected, next } = await store.collectArtifacts(nowMs - graceMs, { after, limit: artifactsPerStep })
        total += collected
        if (next === undefined) return total
        after = next
        await setImmediate()
      }
    },
  }
}
