/** A moment for people, to the second: `2026-11-29 13:04:06`. Where it stands alone, say that it is UTC. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
