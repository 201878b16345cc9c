import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { ulid } from 'ulid'
import { rotateDataKey, rotateMasterKey, rotateSigningKey } from '../auth/index.ts'
import { changedSchema, dataKeyRotationSchema, masterKeyRotationSchema } from '../protocol/index.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'
import { answersJson, needs, requireScope } from './route-parts.ts'

/** Rotation of the keys that secrets are sealed with. */
export function addKeyRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { store, box, dataKeys, clock, internalTokens, identity } = dependencies
  const nowMs = (): number => clock.nowMs()

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/master-key/rotations', summary: 'Replaces the master key and seals everything anew; repeated, goes on where it was interrupted',
      security: needs('operator'), middleware: requireScope(dependencies, 'operator'), responses: answersJson('Done.', masterKeyRotationSchema),
    }),
    async (context) => {
      const { actor } = context.get('caller')
      const { retired, ...rest } = await rotateMasterKey({ store, box, dataKeys, nowMs, actor, id: ulid() })
      return context.json({ ...rest, retired: [...retired] })
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/internal-token/rotations', summary: 'Replaces the token that gateways and nodes know one another by, without a gap',
      security: needs('operator'), middleware: requireScope(dependencies, 'operator'), responses: answersJson('Begun; the old one is good for ten minutes.', changedSchema),
    }),
    async (context) => {
      await internalTokens.rotate(context.get('caller').actor)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/signing-key/rotations', summary: 'Replaces the key that signs the feed; the old one certifies the new one', security: needs('operator'),
      middleware: requireScope(dependencies, 'operator'), responses: answersJson('Replaced; nodes go on with it within seconds.', changedSchema),
    }),
    async (context) => {
      await rotateSigningKey({ store, box, signer: identity.signer, clock }, context.get('caller').actor)
      return context.json({})
    },
  )

  app.openapi(
    createRoute({
      method: 'post', path: '/v1/data-key/rotations', summary: 'Seals the secrets of the account with a new data key; repeated, goes on where it was interrupted',
      security: needs('admin'), middleware: requireScope(dependencies, 'admin'), responses: answersJson('Done.', dataKeyRotationSchema),
    }),
    async (context) => context.json(await rotateDataKey({ store, dataKeys, nowMs, actor: context.get('caller').actor })),
  )
}
