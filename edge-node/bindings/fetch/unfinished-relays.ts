import type { RunnableVersion } from '../../../runtime/supervisor/index.ts'
import { HeldBytes } from '../held-bytes.ts'

/** Of an isolate's memory, for messages that others have begun. */
const memoryShare = 1 / 2

/**
 * What of messages between functions has come so far, by the version that gets them: it lies in that version's isolates, where another function could
 * begin messages until there is no memory left, and end none.
 */
export class UnfinishedRelays {
  readonly #byVersion = new WeakMap<RunnableVersion, HeldBytes>()

  /** Counts what comes for `version`, each by the account that sends it. */
  of(version: RunnableVersion): HeldBytes {
    let held = this.#byVersion.get(version)
    if (held === undefined) {
      held = new HeldBytes(version.limits.memoryMb * 1024 * 1024 * memoryShare)
      this.#byVersion.set(version, held)
    }
    return held
  }
}
