import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { SkerryError } from '../../errors/index.ts'
import { archiveKeyLabel, requireFinished, writeArchive } from '../archive/index.ts'
import { asOperator, auditWrite } from '../audit/index.ts'
import { byteStreamResponse } from './byte-stream.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersBytes, needs, requireScope } from './route-parts.ts'

/** Each holds a state of the store open, which grows as long as it is. */
const backupsAtATimeMax = 2

export function addBackupRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { store, clock, box, log } = dependencies
  let backups = 0

  app.openapi(
    createRoute({
      method: 'get', path: '/v1/backup', summary: 'Everything that the control plane keeps, in the state of now, as an archive',
      description: 'A tar; secrets in it are sealed with the master key, which is backed up apart. Whole where its last part is `summary.json`.',
      security: needs('operator'), middleware: requireScope(dependencies, 'operator'), responses: answersBytes('The archive.', 'application/x-tar'),
    }),
    async (context) => {
      if (backups >= backupsAtATimeMax) throw new SkerryError('overloaded', `${backupsAtATimeMax} backups are under way; repeat later.`)
      backups += 1
      const onEnd = (): void => {
        backups -= 1
      }
      try {
        await requireFinished(store)
        const timeMs = clock.nowMs()
        const entry = auditWrite(asOperator(context.get('caller').actor), 'backup.read', 'everything', {}, timeMs)
        await store.commit({ writes: [entry], timeMs }).catch((error: unknown) => {
          // What is there can be had while there is no room for more.
          if (!(error instanceof SkerryError && error.code === 'storage_full')) throw error
          log({ level: 'warning', requestId: context.get('requestId'), message: 'a backup is read that the audit log has no room to tell of' })
        })
        const bytes = writeArchive(await store.openImage(), timeMs, box.ring.deriveEach(archiveKeyLabel)[0])
        return byteStreamResponse(context, { contentType: 'application/x-tar', bytes, clock, log, onEnd })
      } catch (error) {
        onEnd()
        throw error
      }
    },
  )
}
