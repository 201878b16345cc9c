import { HostOperation } from '../../bridge/index.ts'
import { callHost } from '../host.ts'
import { requireArguments, toUsvString } from '../webidl.ts'
import { type Blob, isBlob } from './blob.ts'

/** https://w3c.github.io/FileAPI/#BlobURLStore of this isolate, which runs one version: what it holds counts as the isolate's memory. */
const store = new Map<string, Blob>()

/** https://w3c.github.io/FileAPI/#dfn-createObjectURL */
export function createObjectURL(blob: unknown): string {
  requireArguments(arguments.length, 1, 'URL.createObjectURL')
  if (!isBlob(blob)) throw new TypeError('URL.createObjectURL takes a Blob')
  // A function has no origin of its own; one that code set counts, as it does for relative URLs.
  const { location } = globalThis as { location?: { readonly origin?: unknown } | null }
  const origin = location?.origin
  const url = `blob:${typeof origin === 'string' ? origin : 'null'}/${callHost(HostOperation.randomUuid, 0) as string}`
  store.set(url, blob)
  return url
}

/** https://w3c.github.io/FileAPI/#dfn-revokeObjectURL */
export function revokeObjectURL(url: unknown): void {
  requireArguments(arguments.length, 1, 'URL.revokeObjectURL')
  store.delete(toUsvString(url))
}

/** https://w3c.github.io/FileAPI/#blob-url-resolve; `url` is serialised and may have a fragment. */
export function resolveObjectUrl(url: string): Blob | undefined {
  const fragment = url.indexOf('#')
  return store.get(fragment < 0 ? url : url.slice(0, fragment))
}
