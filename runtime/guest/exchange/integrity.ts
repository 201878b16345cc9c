import { crypto } from '../crypto/index.ts'
import { Body, consumeBytes, createResponse, type Response, responseRecordOf } from '../fetch/index.ts'

/** From weak to strong. */
const algorithms = ['sha256', 'sha384', 'sha512'] as const
type Algorithm = (typeof algorithms)[number]

interface Metadata {
  readonly algorithm: Algorithm
  readonly digest: string
}

/**
 * https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist: answers with the same response, read whole. Rejects
 * with a TypeError where none of the strongest digests is that of the body; metadata that name none allow everything.
 */
export async function checkIntegrity(response: Response, integrity: string): Promise<Response> {
  const metadata = parseMetadata(integrity)
  const strongest = algorithms.findLast((algorithm) => metadata.some((item) => item.algorithm === algorithm))
  const record = responseRecordOf(response)
  if (strongest === undefined || record === undefined) return response
  const bytes = await consumeBytes(() => record.body)
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${strongest.slice(3)}`, bytes)).toBase64()
  if (!metadata.some((item) => item.algorithm === strongest && item.digest === digest)) throw new TypeError('The answer is not what `integrity` promises')
  return createResponse(record.withBody(record.body && new Body(bytes)))
}

/** https://w3c.github.io/webappsec-subresource-integrity/#parse-metadata */
function parseMetadata(integrity: string): Metadata[] {
  const found: Metadata[] = []
  for (const item of integrity.split(/[\t\n\f\r ]+/)) {
    const [expression = ''] = item.split('?', 1)
    const algorithm = algorithms.find((name) => expression.toLowerCase().startsWith(`${name}-`))
    if (algorithm !== undefined) found.push({ algorithm, digest: normalizeBase64(expression.slice(algorithm.length + 1)) })
  }
  return found
}

/** Either alphabet, with its padding or without. */
function normalizeBase64(text: string): string {
  const unpadded = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return unpadded + '='.repeat((4 - (unpadded.length % 4)) % 4)
}
