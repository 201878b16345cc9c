import { createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { unzipSync, zipSync } from 'fflate'
import { marked } from 'marked'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, startApplications } from '../helpers/applications.ts'

/** Libraries that compute, unmodified: elliptic curves, compression, Markdown. */

let applications: Applications

beforeAll(async () => {
  applications = await startApplications('libraries')
})
afterAll(() => applications?.close())

describe('@noble/curves', () => {
  const json = (path: string): Promise<unknown> => applications.askJson('curves', path)

  test('gives the published vectors', async () => {
    expect(await json('/vectors')).toEqual({
      // RFC 6979 for secp256k1, as Bitcoin's implementations have it.
      secp256k1: '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
      // BIP 340, vector 0
      schnorr: 'e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0',
      // RFC 8032, test 1
      ed25519: [
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      // RFC 7748, section 6.1
      x25519: ['de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f', '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'],
    })
  })

  test('signs for Node to verify', async () => {
    const signed = (await json('/signed')) as Record<string, { publicKey: string; signature: string; isVerified: boolean; isSpoiledRefused: boolean }>
    const hashes: Readonly<Record<string, string>> = { p256: 'sha256', p384: 'sha384', p521: 'sha512', secp256k1: 'sha256' }
    const curves: Readonly<Record<string, string>> = { p256: 'P-256', p384: 'P-384', p521: 'P-521', secp256k1: 'secp256k1', ed25519: 'Ed25519', ed448: 'Ed448' }
    expect(Object.keys(signed)).toEqual(Object.keys(curves))
    for (const [name, { publicKey, signature, ...checks }] of Object.entries(signed)) {
      expect(checks).toEqual({ isVerified: true, isSpoiledRefused: true })
      const bytes = Buffer.from(publicKey, 'hex')
      const half = (bytes.length + 1) / 2
      const coordinates = { x: bytes.subarray(1, half).toString('base64url'), y: bytes.subarray(half).toString('base64url') }
      const crv = curves[name] ?? ''
      const key = createPublicKey({ format: 'jwk', key: name.startsWith('ed') ? { kty: 'OKP', crv, x: bytes.toString('base64url') } : { kty: 'EC', crv, ...coordinates } })
      expect([name, verify(hashes[name] ?? null, Buffer.from('message'), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'hex'))]).toEqual([name, true])
    }
  })

  test('agrees with Web Crypto, and pairs', async () => {
    expect(await json('/shared')).toBe(true)
    expect(await json('/pairing')).toEqual([true, false])
  })
})

describe('fflate', () => {
  const text = 'the quick brown fox jumps over the lazy dog '.repeat(5_000)
  const send = async (path: string, body: string | Uint8Array): Promise<Buffer> =>
    Buffer.from(await (await applications.ask('compression', path, { method: 'POST', body })).arrayBuffer())

  test.each([['gzip', gunzipSync], ['zlib', inflateSync], ['deflate', inflateRawSync]] as const)('makes %s that zlib reads', async (format, read) => {
    const compressed = await send(`/compress?format=${format}`, text)
    expect(compressed.byteLength).toBeLessThan(text.length / 50)
    expect(read(compressed).toString()).toBe(text)
  })

  test('reads what zlib makes', async () => {
    for (const make of [gzipSync, deflateSync]) expect((await send('/decompress', make(text))).toString()).toBe(text)
    expect((await send('/inflate', deflateRawSync(text))).toString()).toBe(text)
    expect((await send('/spoiled', gzipSync(text).fill(0xff, 10, 40))).toString()).toMatch(/^invalid/)
  })

  test('compresses and decompresses as it streams', async () => {
    expect(gunzipSync(await send('/gzip/stream', text)).toString()).toBe(text)
    expect((await send('/gunzip/stream', gzipSync(text))).toString()).toBe(text)
  })

  test('zips and unzips', async () => {
    const files = unzipSync(await send('/zip', ''))
    expect(Object.keys(files).filter((name) => !name.endsWith('/'))).toEqual(['a.txt', 'folder/b.bin'])
    expect(Buffer.from(files['a.txt'] ?? []).toString()).toBe('Grüße')
    expect(files['folder/b.bin']).toEqual(Uint8Array.of(0, 255))
    const streamed = unzipSync(await send('/zip/stream', ''))
    expect(Object.entries(streamed).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([['deflated.txt', 'first second'], ['stored.txt', 'first second']])
    const sent = zipSync({ 'ä.txt': Buffer.from('in the zip'), 'left-out.bin': Uint8Array.of(1) })
    expect(JSON.parse((await send('/unzip', sent)).toString())).toEqual([['ä.txt', 'in the zip']])
  })
})

describe('marked', () => {
  const render = async (path: string, markdown: string): Promise<string> => (await applications.ask('markdown', path, { method: 'POST', body: markdown })).text()

  test('renders as it does on Node', async () => {
    for (const name of ['docs/architecture.md', 'docs/dependencies.md', 'README.md']) {
      const markdown = await readFile(join(import.meta.dirname, '../..', name), 'utf8')
      expect(await render('/', markdown)).toBe(await marked.parse(markdown))
    }
  })

  test('renders tables, lists and what could be markup', async () => {
    expect(await render('/', '| a | b |\n|:-:|---|\n| `1<2` | **x** |\n\n- [x] done\n- <b>raw</b> & "q"\n')).toBe(
      '<table>\n<thead>\n<tr>\n<th align="center">a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody><tr>\n<td align="center"><code>1&lt;2</code></td>\n<td><strong>x</strong></td>\n</tr>\n</tbody></table>\n' +
        '<ul>\n<li><input checked="" disabled="" type="checkbox"> done</li>\n<li><b>raw</b> &amp; &quot;q&quot;</li>\n</ul>\n',
    )
  })

  test('takes extensions, renderers, hooks and asynchronous walks', async () => {
    expect(await render('/own', '# Über uns\n\nAsk @Änn.\n\n```shout\nhello\n```\n')).toBe(
      '<article>\n<h1 id="über-uns">Über uns</h1>\n<p>Ask <a href="/users/%C3%84nn">Änn</a>.</p>\n<pre><code class="language-shout">HELLO\n</code></pre>\n</article>',
    )
  })
})
