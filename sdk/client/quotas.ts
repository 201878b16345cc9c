import { type AccountQuotas, accountQuotasSchema, type QuotasChange, type QuotaUsage, quotaUsageSchema } from '../../control-plane/protocol/index.ts'
import type { Transport } from './transport.ts'

export interface QuotasClient {
  /** What the own account may take, and what it has. */
  read(): Promise<QuotaUsage>
  /** Of any account (scope operator). */
  readOf(account: string): Promise<QuotaUsage>
  /** Changes those that are named; null lifts one (scope operator). */
  change(account: string, change: QuotasChange): Promise<AccountQuotas>
}

const changedSchema = accountQuotasSchema.loose()

export function createQuotasClient(transport: Transport): QuotasClient {
  const pathOf = (account: string): string => `/v1/accounts/${encodeURIComponent(account)}/quotas`
  return {
    read: () => transport.json({ method: 'GET', path: '/v1/quotas' }, quotaUsageSchema),
    readOf: (account) => transport.json({ method: 'GET', path: pathOf(account) }, quotaUsageSchema),
    async change(account, change) {
      const { quotas } = await transport.json({ method: 'PATCH', path: pathOf(account), json: change }, changedSchema)
      return { account, quotas }
    },
  }
}
