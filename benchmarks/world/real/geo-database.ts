/** A network of addresses and where it is. */
export interface PlacedNetwork {
  /** IPv4 in dotted form; the last part is 0. */
  readonly network: string
  readonly latitude: number
  readonly longitude: number
}

const networkBits = 24
const separatorBytes = 16
const types = { double: 3, map: 7, text: 2, uint16: 5, uint32: 6 } as const

/**
 * Writes a database of /24 networks and their coordinates, as gateway and DNS server read it (`--geo-database`): addresses of clients that stand
 * anywhere can be made up then.
 * @see https://maxmind.github.io/MaxMind-DB/
 */
export function writeGeoDatabase(networks: readonly PlacedNetwork[]): Buffer {
  /** Two records a node; a negative one, less 1, is the number of a network. */
  const tree: [number | undefined, number | undefined][] = [[undefined, undefined]]
  for (const [number, { network }] of networks.entries()) {
    const address = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    let node = 0
    for (let bit = 0; bit < networkBits; bit += 1) {
      const side = Math.floor(address / 2 ** (31 - bit)) % 2 === 0 ? 0 : 1
      const records = tree[node]
      if (records === undefined) throw new RangeError('the tree is broken')
      if (bit === networkBits - 1) records[side] = -1 - number
      else {
        const next = records[side] ?? tree.push([undefined, undefined]) - 1
        records[side] = next
        node = next
      }
    }
  }
  const offsets: number[] = []
  const data: Buffer[] = []
  let length = 0
  for (const { latitude, longitude } of networks) {
    const record = map({ location: map({ latitude: double(latitude), longitude: double(longitude) }) })
    offsets.push(length)
    length += record.length
    data.push(record)
  }
  const search = Buffer.alloc(tree.length * 8)
  for (const [index, records] of tree.entries()) {
    for (const side of [0, 1] as const) {
      const record = records[side]
      const value = record === undefined ? tree.length : record >= 0 ? record : tree.length + separatorBytes + (offsets[-1 - record] ?? 0)
      search.writeUInt32BE(value, index * 8 + side * 4)
    }
  }
  const metadata = map({
    binary_format_major_version: unsigned(types.uint16, 2), binary_format_minor_version: unsigned(types.uint16, 0),
    build_epoch: unsigned(types.uint32, 0), database_type: text('World'), ip_version: unsigned(types.uint16, 4),
    node_count: unsigned(types.uint32, tree.length), record_size: unsigned(types.uint16, 32),
  })
  return Buffer.concat([search, Buffer.alloc(separatorBytes), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

function control(type: number, size: number): Buffer {
  if (size >= 29) throw new RangeError('longer than anything here')
  return Buffer.from([(type << 5) | size])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return bytes.length < 29
    ? Buffer.concat([control(types.text, bytes.length), bytes])
    : Buffer.concat([Buffer.from([(types.text << 5) | 29, bytes.length - 29]), bytes])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return Buffer.concat([control(types.double, 8), bytes])
}

function unsigned(type: number, value: number): Buffer {
  const size = type === types.uint16 ? 2 : 4
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(value, 0, size)
  return Buffer.concat([control(type, size), bytes])
}

function map(entries: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(entries)
  return Buffer.concat([control(types.map, all.length), ...all.flatMap(([key, value]) => [text(key), value])])
}
