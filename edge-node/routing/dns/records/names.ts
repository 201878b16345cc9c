const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/
const nameLengthMax = 253

/**
 * A name as a zone file writes it: `@` is the zone, what ends with a dot is whole, all else stands below the zone. In lower case, without the
 * final dot; the root is empty. Undefined for what is no host name. A `*` may stand in front.
 */
export function readName(text: string, domain: string): string | undefined {
  const lower = text.toLowerCase()
  if (lower === '@') return domain
  if (lower === '.') return ''
  const name = lower.endsWith('.') ? lower.slice(0, -1) : `${lower}.${domain}`
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.')
  return name.length <= nameLengthMax && labels.every((part) => label.test(part)) ? name : undefined
}

/** Whether a name is the zone's own or below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}

/** The names above one up to the zone, from the nearest; the name itself comes first. */
export function* upToDomain(name: string, domain: string): Generator<string> {
  let rest = name
  while (rest.length > domain.length) {
    yield rest
    rest = rest.slice(rest.indexOf('.') + 1)
  }
}

/** A name as bytes of a message, uncompressed. */
export function nameBytes(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.')
  return Buffer.concat([...labels.map((part) => Buffer.concat([Buffer.of(part.length), Buffer.from(part, 'latin1')])), Buffer.of(0)])
}
