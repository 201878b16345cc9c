import { type DomainInfo, domainListSchema, domainSchema } from '../../control-plane/protocol/index.ts'
import type { Transport } from './transport.ts'

/** Domains that the account proves to be its own. */
export interface DomainsClient {
  /** Answers with the TXT record that proves it. */
  add(domain: string): Promise<DomainInfo>
  /** Has the control plane look for the record. Rejects with `domain_not_verified` where it is not there. */
  verify(domain: string): Promise<DomainInfo>
  list(): Promise<readonly DomainInfo[]>
  remove(domain: string): Promise<void>
}

export function createDomainsClient(transport: Transport): DomainsClient {
  const path = (domain: string): string => `/v1/domains/${encodeURIComponent(domain)}`
  return {
    add: (domain) => transport.json({ method: 'POST', path: '/v1/domains', json: { domain } }, domainSchema),
    verify: (domain) => transport.json({ method: 'POST', path: `${path(domain)}/verification` }, domainSchema),
    list: async () => (await transport.json({ method: 'GET', path: '/v1/domains' }, domainListSchema)).domains,
    async remove(domain) {
      await transport.text({ method: 'DELETE', path: path(domain) })
    },
  }
}
