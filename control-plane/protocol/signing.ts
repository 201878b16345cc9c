/**
 * What the control plane signs of a feed record: its JSON without `signature`, the keys of every object in ascending order.
 * A node verifies with the `publicKey` of its welcome: `crypto.verify(null, signedBytes(record), publicKey, signature)`.
 */
export function signedBytes(record: Readonly<Record<string, unknown>>): Uint8Array {
  const { signature: _signature, ...signed } = record
  return new TextEncoder().encode(canonicalJson(signed))
}

/** JSON with sorted keys and without insignificant white space: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([first], [second]) => (first < second ? -1 : 1)))
  })
}
