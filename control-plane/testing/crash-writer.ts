import { openSqliteStore } from '../store/index.ts'

/** Commits without end and says each sequence once the store has acknowledged it, until somebody kills this process. */
const store = openSqliteStore({ file: process.argv[2] ?? '' })
for (;;) {
  const revision = await store.commit(async () => ({
    writes: [{ kind: 'putSecret', account: 'default', name: 'hello', key: 'KEY', sealed: String((await store.readSequence()) + 1) }],
    change: { kind: 'delete', account: 'default', function: 'hello' },
    timeMs: 0,
  }))
  process.stdout.write(`${revision?.sequence}\n`)
}
