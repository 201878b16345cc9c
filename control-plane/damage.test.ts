import { createHash, randomBytes } from 'node:crypto'
import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { verifyArchive } from './archive/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()
const pageBytes = 4_096

it('says that its database is damaged once that is found, and answers nothing from it any more', async () => {
  const node = await harness.startNode('fra-1')
  done(await harness.client.deploy('hello', '1'))
  const file = join(harness.directory, 'control-plane.db')
  // What is in the log beside the file would hide what becomes of the file.
  const other = new DatabaseSync(file)
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  other.close()
  const handle = await open(file, 'r+')
  const pages = (await stat(file)).size / pageBytes
  for (let page = 2; page < pages; page += 1) await handle.write(Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, page * pageBytes)
  await handle.close()

  await harness.client.call('GET', '/v1/backup').then((response) => response.arrayBuffer()).catch(() => undefined)
  const ready = await fetch(`${harness.plane.url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([503, {
    status: 'not ready', code: 'storage_corrupt', detail: expect.stringContaining('control-plane.db') as string, remedy: expect.stringContaining('skerry restore') as string,
  }])
  expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ code: 'storage_corrupt', status: 503, detail: expect.not.stringContaining(harness.directory) as string })
  expect(await harness.client.json('DELETE', '/v1/functions/hello')).toMatchObject({ code: 'storage_corrupt' })
  const metrics = await (await fetch(`${harness.plane.adminUrl}/metrics`)).text()
  expect(metrics).toMatch(/^skerry_control_plane_store_ready 0$/m)
  expect(metrics).toMatch(/^skerry_control_plane_resident_memory_bytes \d+$/m)
  // Nodes go on with what they have: nobody tells them that there is less.
  const last = node.records.findLast((record) => record.type !== 'heartbeat')
  expect(last).toMatchObject({ type: 'revision', change: { kind: 'activate' } })
})

it('hands out no artifact that is damaged, and has it again when it is deployed again', async () => {
  await harness.startNode('fra-1')
  const result = done(await harness.client.deploy('hello', '1'))
  const hash = await harness.client.upload('1')
  const database = new DatabaseSync(join(harness.directory, 'control-plane.db'))
  database.prepare('UPDATE artifacts SET bytes = ? WHERE hash = ?').run(Buffer.from('2'), hash)
  database.close()
  const asNode = new ApiClient(harness.plane.url, harness.plane.nodeToken)
  expect(await asNode.json('GET', `/v1/artifacts/${hash}`)).toMatchObject({ code: 'artifact_corrupt', status: 503, detail: expect.stringContaining(hash) as string })
  expect(done(await harness.client.deploy('hello', '1')).functions).toEqual(result.functions)
  expect(await (await asNode.call('GET', `/v1/artifacts/${hash}`)).text()).toBe('1')
})

it('can be read and backed up while its disk is full, refuses clearly, and goes on when there is room', async () => {
  await harness.plane.close()
  await harness.start({ maximumBytes: 1024 * 1024 })
  await harness.startNode('fra-1')
  done(await harness.client.deploy('hello', '1'))
  const codes = new Set<unknown>()
  for (let size = 200_000; size >= 100; size = Math.floor(size / 2)) {
    for (let upload = 0; upload < 4; upload += 1) {
      const bytes = randomBytes(size)
      const hash = createHash('sha256').update(bytes).digest('hex')
      const answer = (await harness.client.json('PUT', `/v1/artifacts/${hash}`, bytes)) as { code?: string }
      if (answer.code === undefined) continue
      codes.add(answer.code)
      break
    }
  }
  const value = 'x'.repeat(5_000)
  for (let index = 0; index < 8; index += 1) codes.add(((await harness.client.json('PUT', `/v1/functions/hello/secrets/KEY_${index}`, { value })) as { code?: string }).code)
  expect([...codes].filter((code) => code !== undefined)).toEqual(['storage_full'])
  expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
  const file = join(harness.directory, 'backup.tar')
  await writeFile(file, Buffer.from(await (await harness.client.call('GET', '/v1/backup')).arrayBuffer()))
  expect((await verifyArchive(file)).manifest.counts.versions).toBe(1)

  await harness.plane.close()
  await harness.start()
  expect(await harness.client.json('PUT', '/v1/functions/hello/secrets/LATER', { value })).not.toHaveProperty('code')
  expect(await harness.client.json('GET', '/v1/functions/hello/versions')).toMatchObject({ versions: [{ status: 'active' }] })
})

it('gives a backup to operators alone', async () => {
  for (const token of [harness.plane.nodeToken, 'skerry_unknown']) {
    expect([401, 403]).toContain((await new ApiClient(harness.plane.url, token).call('GET', '/v1/backup')).status)
  }
})
