import type { Sockets } from '../load/sockets.ts'
import type { Timeline } from '../timeline.ts'
import { type Check, check } from './check.ts'

/** On a busy machine a process that was killed takes so long to let go of its sockets. */
const noticedMs = 2_000

/** What clients of WebSockets saw. */
export function socketChecks(sockets: Sockets, timeline: Timeline): readonly Check[] {
  const unexplained = sockets.ends.filter(({ what, fromMs, atMs, doors }) => {
    if (what === 'replaced') return false
    if (what === 'not opened') return !timeline.wasDisrupted({ fromMs, toMs: atMs, doors: [] })
    // Only what it ended by matters: a kill of long ago explains nothing.
    return what === 'silent' || !timeline.wasKilledUnder({ fromMs: atMs - noticedMs, toMs: atMs, doors })
  })
  return [
    check('every message of a WebSocket comes back as it must', sockets.wrong),
    check('a WebSocket ends only with what was killed, or with its version', unexplained.map(({ what, detail, doors, atMs }) => ({
      atMs, text: `${what} at ${doors.join(', ')}: ${detail}`,
    }))),
  ]
}
