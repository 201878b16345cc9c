import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { SkerryError } from '../../../../errors/index.ts'
import { types } from '../numbers.ts'
import { RecordFault } from './record-fault.ts'
import { nameServerEntries, readRecords, RecordsFile, type ZoneRecords } from './index.ts'

const defaults = nameServerEntries([{ name: 'NS1.edge.example.', addresses: ['192.0.2.1'] }], 'edge.example')
const settings = { domain: 'edge.example', ttlSeconds: 20, defaults }
const read = (text: string): ZoneRecords => readRecords(text, settings)
const hex = (records: ZoneRecords, name: string, type: number) => records.sets.get(name)?.get(type)?.data.map((data) => data.toString('hex'))

describe('a zone file', () => {
  test('is read with comments, quotation, escapes, TTLs, classes, whole and relative names, and lines that go on', () => {
    const records = read([
      '; what we have', '', '@ 300 IN TXT "a ; b" "c\\"d" plain\\059 \\228; comment', '   IN 2h TXT second', 'Hello.Edge.Example. AAAA 2001:DB8::1',
      '_acme-challenge\tTXT\ttoken', '@ caa 128 ISSUE "ca.example; x=y"', 'srv._tcp SRV 1 2 443 hello', 'x TYPE52 \\# 4 0301 01ff', 'y TYPE99 \\# 0', 'n MX 0 .',
    ].join('\r\n'))
    expect(hex(records, 'edge.example', types.TXT)).toEqual(['0561203b20620363226406706c61696e3b01e4', '067365636f6e64'])
    expect(records.sets.get('edge.example')?.get(types.TXT)?.ttlSeconds).toBe(300)
    expect(hex(records, 'hello.edge.example', types.AAAA)).toEqual(['20010db8000000000000000000000001'])
    expect(hex(records, '_acme-challenge.edge.example', types.TXT)).toEqual(['05746f6b656e'])
    expect(hex(records, 'edge.example', types.CAA)).toEqual([`80056973737565${Buffer.from('ca.example; x=y').toString('hex')}`])
    expect(hex(records, 'x.edge.example', types.TLSA)).toEqual(['030101ff'])
    expect(hex(records, 'y.edge.example', 99)).toEqual([''])
    expect(hex(records, 'n.edge.example', types.MX)).toEqual(['000000'])
    expect(hex(records, 'srv._tcp.edge.example', types.SRV)).toEqual(['0001000201bb0568656c6c6f0465646765076578616d706c6500'])
    expect([...records.names].toSorted()).toEqual(['_acme-challenge.edge.example', '_tcp.edge.example', 'edge.example', 'hello.edge.example', 'n.edge.example', 'ns1.edge.example', 'srv._tcp.edge.example', 'x.edge.example', 'y.edge.example'])
  })

  test.each([
    ['1 .', '000100'], ['0 other.example.', '0000056f74686572076578616d706c6500'],
    ['1 . port=8443 alpn=h2,h3 ipv6hint=2001:db8::1 ipv4hint=192.0.2.1', '000100000100060268320268330003000220fb00040004c00002010006001020010db8000000000000000000000001'],
    ['1 . alpn=h3 no-default-alpn', '0001000001000302683300020000'],
  ])('has HTTPS records: %s', (data, expected) => {
    expect(hex(read(`@ HTTPS ${data}`), 'edge.example', types.HTTPS)).toEqual([expected])
  })

  test('that names the zone’s servers replaces what is said elsewhere', () => {
    const records = read('@ 1d NS ns.other.example.\n@ NS ns2\nns2 A 192.0.2.2')
    expect(records.sets.get('edge.example')?.get(types.NS)).toMatchObject({ targets: ['ns.other.example', 'ns2.edge.example'], ttlSeconds: 20 })
    expect(records.sets.has('ns1.edge.example')).toBe(false)
    expect(read('').sets.get('edge.example')?.get(types.NS)?.targets).toEqual(['ns1.edge.example'])
  })

  test.each([
    [1, 'hello', 'there is no type'], [1, '   A 192.0.2.1', 'name of the line before, and there is none'], [1, 'hello A 192.0.2.256', 'IPv4'], [1, 'hello A 192.0.2.1 192.0.2.2', 'IPv4'], [1, 'hello AAAA fe80::1%eth0', 'IPv6'],
    [1, 'hello WKS x', '"WKS" is no type'], [1, '@ SOA a b 1 2 3 4 5', 'SOA is made by the server'], [1, 'hello TYPE1 \\# 4 c0000201', 'no type'], [1, 'hello TYPE41 \\# 0', 'no type'], [1, 'hello TYPE255 \\# 0', 'no type'],
    [1, 'hello TYPE99 \\# 3 00ff', 'LENGTH HEX'], [1, 'hello TXT "open', 'quotation'], [1, 'hello TXT (a', 'parentheses'], [1, 'hello TXT a\\999', 'quotation'], [1, `hello TXT ${'x'.repeat(256)}`, '255 bytes'], [1, 'hello TXT', '255 bytes'],
    [1, 'hello CAA 256 issue x', 'FLAGS'], [1, 'hello CAA 0 is-sue x', 'FLAGS'], [1, 'hello MX x mail', 'PREFERENCE'], [1, 'hello SRV 1 2 99999 x', 'PRIORITY'], [1, '@ HTTPS 1 . alpn', 'alpn='], [1, '@ HTTPS 0 . port=1', 'alpn='],
    [1, '@ HTTPS 1 . port=1 port=2', 'alpn='], [1, '@ HTTPS 1 . ech=AA', 'alpn='], [1, '@ HTTPS 1 . no-default-alpn', 'alpn='],
    [1, 'hello.example.com. A 192.0.2.1', 'not within'], [1, 'a..b A 192.0.2.1', 'no name'], [1, `${'x'.repeat(64)} A 192.0.2.1`, 'no name'], [1, '-a A 192.0.2.1', 'no name'], [1, 'a*b A 192.0.2.1', 'no name'], [1, '"a" A 192.0.2.1', 'no name'],
    [1, `${'x.'.repeat(130)} A 192.0.2.1`, 'no name'], [1, '*.sub TXT x', 'directly below'], [1, '* A 192.0.2.1', 'addresses of nodes'], [1, '* CNAME x', 'addresses of nodes'], [1, 'x CNAME *', 'a name'], [1, '$ORIGIN x.', '$TTL'], [1, '$TTL', '$TTL'], [1, '$TTL 2w', 'more than a week'],
    [2, 'x TXT a\nx CNAME y', 'nothing else'], [1, '@ CNAME x.other.example.', 'can not be a CNAME'], [3, 'sub NS ns.sub\nns.sub A 192.0.2.1\nx.sub TXT y', 'delegated'], [2, 'sub NS ns.other.\nsub TXT y', 'delegated'],
    [1, 'sub NS ns.sub', 'no A or AAAA'], [1, '@ NS ns9', 'no A or AAAA'],
  ])('is refused for line %i: %s', (line, text, why) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ line, message: expect.stringContaining(why) as string }))
  })
})

test('a set of records that no answer can carry is refused', () => {
  const text = Array.from({ length: 70 }, (_, index) => `x TXT "${String(index).padStart(250, '0')}"`).join('\n')
  expect(() => read(text)).toThrow(expect.objectContaining({ line: 70, message: expect.stringContaining('more than 16384') as string }))
})

test('no text whatever does anything but give records that can be sent, or name a line', () => {
  const word = fc.oneof(
    fc.constantFrom('@', 'x', '*', 'a.b', 'sub', '_t', '60', '1h', 'IN', 'A', 'AAAA', 'NS', 'CNAME', 'TXT', 'CAA', 'MX', 'SRV', 'HTTPS', 'TYPE99', '192.0.2.1', '::ffff:192.0.2.1', '0', '1', '.', '""', 'alpn=h2', '\\#', '\\046', '$TTL', ';', '(', '"', '\u00e9'),
    fc.string({ maxLength: 6, unit: 'binary' }),
  )
  const lines = fc.array(fc.array(word, { maxLength: 7 }).map((words) => words.join(' ')), { maxLength: 5 })
  fc.assert(fc.property(lines, (texts) => {
    try {
      for (const [name, sets] of read(texts.join('\n')).sets) {
        expect(name === 'edge.example' || name.endsWith('.edge.example')).toBe(true)
        for (const { data, ttlSeconds } of sets.values()) expect(ttlSeconds <= 604_800 && data.every(({ length }) => length <= 65_535)).toBe(true)
      }
    } catch (error) {
      expect(error).toBeInstanceOf(RecordFault)
    }
  }), { numRuns: 400, seed: 20_261_129 })
})

test('the example of the documentation is one', async () => {
  const document = await readFile(join(import.meta.dirname, '../../../../docs/dns.md'), 'utf8')
  const example = /\$TTL 1h\n[\s\S]*?(?=\n\n)/.exec(document)?.[0].replaceAll(/^ {4}/gm, '') ?? ''
  const records = read(example)
  expect([...records.cuts]).toEqual(['tools.edge.example'])
  expect(records.sets.get('edge.example')?.get(types.NS)).toMatchObject({ ttlSeconds: 86_400, targets: ['ns1.edge.example', 'ns.example.net'] })
  expect(records.sets.size).toBe(9)
})

test('empty strings and mapped addresses are written as they are', () => {
  const records = read('x TXT "" a\nx AAAA ::ffff:192.0.2.1')
  expect(hex(records, 'x.edge.example', types.TXT)).toEqual(['000161'])
  expect(hex(records, 'x.edge.example', types.AAAA)).toEqual(['00000000000000000000ffffc0000201'])
})

describe('the file', () => {
  let directory: string
  let file: string
  let opened: RecordsFile
  const texts: (string | undefined)[] = []
  const faults: SkerryError[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skerry-records-'))
    file = join(directory, 'records.zone')
    await writeFile(file, 'x TXT one')
    opened = await RecordsFile.open({
      ...settings, path: file, watchMs: 10, onFault: (error) => faults.push(error),
      onChange: (records) => texts.push(records.sets.get('x.edge.example')?.get(types.TXT)?.data[0]?.subarray(1).toString()),
    })
  })

  afterAll(async () => {
    opened.close()
    await rm(directory, { recursive: true })
  })

  test('is read at first, and again when it changes or is replaced; a wrong one changes nothing and is told', async () => {
    expect(texts).toEqual(['one'])
    await writeFile(file, 'x TXT other')
    await vi.waitFor(() => expect(texts.at(-1)).toBe('other'), { timeout: 5_000 })
    await writeFile(`${file}.new`, 'x TXT third')
    await rename(`${file}.new`, file)
    await vi.waitFor(() => expect(texts.at(-1)).toBe('third'), { timeout: 5_000 })
    await writeFile(file, 'x TXT fine\ny A nonsense')
    await vi.waitFor(() => expect(faults.at(-1)).toMatchObject({ code: 'config_invalid', field: 'records', message: `${file}, line 2: behind A there has to be an IPv4 address` }), { timeout: 5_000 })
    expect(texts.at(-1)).toBe('third')
  })

  test('is read when asked for, and told when it is gone', async () => {
    await rm(file)
    await opened.reload()
    expect(faults.at(-1)).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('ENOENT') as string })
    await writeFile(file, 'x TXT fourth')
    await opened.reload()
    expect(texts.at(-1)).toBe('fourth')
  })

  test('is refused at the start', async () => {
    await writeFile(join(directory, 'bad.zone'), '\n\n@ TXT "')
    await writeFile(join(directory, 'big.zone'), ' '.repeat(4 * 1024 * 1024 + 1))
    const open = (name: string) => RecordsFile.open({ ...settings, path: join(directory, name), onChange: () => undefined, onFault: () => undefined })
    await expect(open('bad.zone')).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('bad.zone, line 3: ') as string })
    await expect(open('missing.zone')).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(open('big.zone')).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('bytes') as string })
  })
})
