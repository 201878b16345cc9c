/** What runs beside each other, as texts of ES modules that every runtime takes. */

/** Well behaved: a little work, and an answer that tells who it is. */
export const neighbourSource = `export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url)
    return Response.json({ neighbour: searchParams.get('number'), words: 'the quick brown fox'.split(' ') })
  },
}
`

export interface Hog {
  readonly name: string
  readonly source: string
  /** Whether a runtime without a limit on CPU time ever answers it. */
  readonly ends: boolean
}

const hog = (name: string, code: string, ends = true): Hog => ({ name, ends, source: `export default { async fetch() { ${code}; return new Response('done') } }\n` })

/** Each is called without pause, by a client for every core. */
export const hogs: readonly Hog[] = [
  hog('computes for tens of milliseconds', 'let x = 1; for (let i = 0; i < 2e7; i++) x = (Math.imul(x, 1103515245) + 12345) | 0; globalThis.x = x'),
  hog('never ends', 'for (;;) {}', false),
  hog('never ends, in promises', 'for (;;) await 0', false),
  hog('is in a builtin that can not be interrupted', 'for (;;) new Array(6e7).fill(0)', false),
  hog('fills memory', 'const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length))', false),
  hog('writes a megabyte to the console', "for (let i = 0; i < 1000; i++) console.log('x'.repeat(1000))"),
]
