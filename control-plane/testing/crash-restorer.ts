import { replaceDatabase } from '../store/index.ts'

/** Fills a database beside the file that is named without end, and says so once it has begun, until somebody kills this process. */
await replaceDatabase(process.argv[2] ?? '', {
  force: true,
  fill: async (store) => {
    for (let count = 0; ; count += 1) {
      await store.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: String(count), value: count }], timeMs: count })
      if (count === 100) process.stdout.write('filling\n')
    }
  },
})
