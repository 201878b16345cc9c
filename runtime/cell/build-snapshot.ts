/**
 * The entry of a short-lived process: reads the guest script from standard input, writes the start-up snapshot to standard output.
 * A process of its own, since a fault while building a snapshot ends the process.
 */
import { Buffer } from 'node:buffer'
import ivm from 'isolated-vm'

/**
 * Run once before the snapshot is taken, in a context that is thrown away: what it calls is compiled in every isolate that is restored.
 * Halves what boot and the first request take.
 */
const warmUp = 'globalThis.__skerryBoot(() => undefined).rehearse()'

const chunks: Buffer[] = []
for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
const guestScript = Buffer.concat(chunks).toString('utf8')
const snapshot = ivm.Isolate.createSnapshot([{ code: guestScript, filename: 'skerry:guest' }], warmUp)
process.stdout.end(Buffer.from(snapshot.copy()))
