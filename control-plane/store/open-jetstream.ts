import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { SkerryError } from '../../errors/index.ts'
import { defaultNatsName } from '../nats/index.ts'
import type { NatsLink } from '../nats/link-nats.ts'
import { JetStreamCheckpoints, removeUnfinishedCheckpoints } from './checkpoints-jetstream.ts'
import { LogCodec } from './commit-message.ts'
import { JetStreamLog } from './log-jetstream.ts'
import { readEpoch, readLogOrigin, readLogPosition, writeLogOrigin } from './log-position.ts'
import { JetStreamObjects } from './objects-jetstream.ts'
import { Replica } from './replica-jetstream.ts'
import { RevisionListeners } from './revision-listeners.ts'
import { checkDatabase } from './sqlite-check.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrate } from './sqlite-migrations.ts'
import type { Store } from './store.ts'
import { JetStreamStore } from './store-jetstream.ts'

export interface JetStreamStoreOptions {
  readonly link: NatsLink
  /** Stands before the names of stream, buckets and subjects; `skerry` unless set. */
  readonly name?: string | undefined
  /** Copies that the servers keep, where this creates stream and buckets; 1 unless set. */
  readonly replicas?: number | undefined
  /** This replica's own state: made anew from the log where it is missing or damaged. Its directory exists. */
  readonly file: string
  /** 32 bytes that all replicas have and the servers do not: what is in the log is authenticated with them. */
  readonly key: Uint8Array
  /** Revisions kept for nodes that come back; the same at every replica. */
  readonly revisionsKept?: number | undefined
  /** Log and artifacts grow no larger each; then writes are refused with `storage_full`. */
  readonly maximumBytes?: number | undefined
  /** How long a commit may take, in milliseconds: enough for servers to elect one another unless set. */
  readonly commitMs?: number | undefined
  /** How long the log may end before what this replica has applied until it puts the rest back, in milliseconds. */
  readonly shortMs?: number | undefined
  /** Messages from one checkpoint to the next, and those kept before it. */
  readonly checkpointEvery?: number | undefined
  readonly checkpointMargin?: number | undefined
  /** Told what following the log failed with; it is tried again. */
  readonly onFailure?: (error: unknown) => void
}

/** At the first start there is nothing to go on with until the servers answer; for so long, in milliseconds, they may take. */
const firstStartMs = 30_000
const connectedMs = 1_000
const retryMs = 250

/**
 * Opens a replica. Where it has a state of before, it does not need the servers for that, and catches up when they are there.
 * Rejects with `storage_unreachable` where it has none and the servers do not answer; with `storage_corrupt` where what they keep was not
 * written with this key.
 */
export async function openJetStreamStore(options: JetStreamStoreOptions): Promise<Store> {
  const { link, name = defaultNatsName, replicas = 1, maximumBytes, onFailure = () => {} } = options
  const log = new JetStreamLog({ link, name, replicas, maximumBytes })
  await removeUnfinishedCheckpoints(options.file)
  const { database, replaced } = await openStateOf(log, link, options.file, onFailure)
  const listeners = new RevisionListeners()
  const onRevision = listeners.tell.bind(listeners)
  const objects = new JetStreamObjects({ link, name, replicas, maximumBytes })
  const codec = new LogCodec(options.key, name)
  const checkpoints = new JetStreamCheckpoints({
    link, name, replicas, database, log, objects, codec, onRevision, every: options.checkpointEvery ?? 5_000, margin: options.checkpointMargin ?? 1_000,
  })
  const restore = async (): Promise<void> => {
    if (await checkpoints.restore()) return
    throw new SkerryError('storage_corrupt', 'The log that the NATS servers keep begins later than this replica ends, and there is no checkpoint between.')
  }
  const replica = new Replica({ database, log, objects, codec, revisionsKept: options.revisionsKept ?? 1_000, shortMs: options.shortMs, onRevision, restore, onFailure })
  const hasState = readEpoch(database) !== undefined
  const prepare = async (): Promise<void> => {
    await link.whenConnected(connectedMs)
    // A log that was there is never begun anew by whoever has followed it: all replicas would take over that there is nothing.
    if (hasState && (await log.origin()) === undefined) throw lost(name)
    await Promise.all([log.create(), objects.create(), checkpoints.create()])
    const origin = await log.origin()
    await replica.begin(performance.now() + firstStartMs)
    await replica.follower.catchUp()
    if (origin !== undefined) writeLogOrigin(database, origin)
  }
  try {
    await (hasState ? prepare().catch((error: unknown) => {
      if (!isPassing(error)) throw error
      onFailure(error)
    }) : patiently(prepare))
    if (replaced !== undefined) refuseReturn(replaced, database)
  } catch (error) {
    await replica.follower.stop()
    database.close()
    if (replaced !== undefined) await putBack(options.file)
    throw database.explain(error)
  }
  log.onAnnounced((position) => replica.follower.hint(position))
  replica.follower.start()
  const epoch = readEpoch(database)
  if (epoch === undefined) throw new Error('the log has begun, and the state has no epoch')
  return new JetStreamStore({ database, epoch, replica, objects, checkpoints, listeners, commitMs: options.commitMs ?? 15_000, onFailure })
}

/** A state that was set aside, since it comes from a log in whose place there is another. */
interface Replaced {
  readonly epoch: string | undefined
  readonly position: number
}

/** The state that comes from this log. One that comes from another, which a restore has replaced since, is set aside. */
async function openStateOf(
  log: JetStreamLog, link: NatsLink, file: string, onFailure: (error: unknown) => void,
): Promise<{ readonly database: SqliteDatabase; readonly replaced?: Replaced }> {
  const database = await openState(file, onFailure)
  const known = readLogOrigin(database)
  if (known === undefined) return { database }
  const origin = await link.whenConnected(connectedMs).then(() => log.origin()).catch((error: unknown) => {
    if (isPassing(error)) return undefined
    database.close()
    throw error
  })
  if (origin === undefined || origin === known) return { database }
  const replaced = { epoch: readEpoch(database), position: readLogPosition(database).position }
  database.close()
  await setAside(file, 'replaced')
  return { database: openDatabase(file), replaced }
}

/** A restore begins an epoch of its own: whatever else shows less than this replica had takes changes back, such as that a token was revoked. */
function refuseReturn({ epoch, position }: Replaced, database: SqliteDatabase): void {
  const { position: end } = readLogPosition(database)
  if (readEpoch(database) !== epoch || end >= position) return
  throw new SkerryError(
    'storage_corrupt', `The log that the NATS servers keep was made anew from an older state of the same: it ends at message ${end}, and this replica has applied ${position}. Restore a backup, by \`skerry restore\`, where that is meant.`,
  )
}

function setAside(file: string, why: string): Promise<void> {
  return moveDatabase(file, `${file}.${why}`)
}

function putBack(file: string): Promise<void> {
  return moveDatabase(`${file}.replaced`, file)
}

/** With the files beside it, none of which is left of one that was there. */
async function moveDatabase(from: string, to: string): Promise<void> {
  for (const companion of ['', '-wal', '-shm']) {
    await rm(`${to}${companion}`, { force: true })
    if (existsSync(`${from}${companion}`)) await rename(`${from}${companion}`, `${to}${companion}`)
  }
}

async function openState(file: string, onFailure: (error: unknown) => void): Promise<SqliteDatabase> {
  try {
    return openDatabase(file)
  } catch (error) {
    if (!(error instanceof SkerryError && error.code === 'storage_corrupt')) throw error
    // The log has everything that stood here.
    onFailure(error)
    await setAside(file, 'damaged')
    return openDatabase(file)
  }
}

function openDatabase(file: string): SqliteDatabase {
  const database = new SqliteDatabase(file, undefined)
  try {
    // What a loss of power takes from this file comes again from the log.
    database.raw.exec('PRAGMA synchronous = NORMAL')
    migrate(database.raw)
    checkDatabase(database)
    return database
  } catch (error) {
    database.close()
    throw database.explain(error)
  }
}

function lost(name: string): SkerryError {
  return new SkerryError('storage_unreachable', `The servers of NATS have no log named ${name}, which this replica has followed. Have them find it again, or restore a backup.`)
}

function isPassing(error: unknown): boolean {
  return error instanceof SkerryError && ['storage_unreachable', 'outcome_unknown'].includes(error.code)
}

async function patiently(work: () => Promise<void>): Promise<void> {
  const endsMs = performance.now() + firstStartMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || performance.now() > endsMs) throw error
      await delay(retryMs)
    }
  }
}
