import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { crc32, inflateSync } from 'node:zlib'
import { PDFDict, PDFDocument, PDFName } from 'pdf-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, jsonRequest, startApplications } from '../helpers/applications.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** Documents and images, unmodified: pdf-lib, satori and resvg. */

let applications: Applications
let origin: Origin

beforeAll(async () => {
  // Fonts are fetched, as they would be from storage.
  const font = createRequire(import.meta.url).resolve('@fontsource/inter/files/inter-latin-400-normal.woff')
  origin = await startOrigin((_request, response) => {
    response.writeHead(200, { 'content-type': 'font/woff' })
    createReadStream(font).pipe(response)
  })
  applications = await startApplications('documents', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const query = (parameters: Readonly<Record<string, string>>): string => new URLSearchParams({ font: `${origin.url}/inter.woff`, ...parameters }).toString()

describe('pdf-lib', () => {
  // A red pixel.
  const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
  const invoice = async (): Promise<Uint8Array> => {
    const response = await applications.ask('pdf', '/invoice', jsonRequest({ title: 'Rechnung für Änn', lines: ['one', 'two (paren)'], image }))
    expect(response.status).toBe(200)
    return new Uint8Array(await response.arrayBuffer())
  }

  test('makes a document with text, an image, a form and an attachment', async () => {
    const bytes = await invoice()
    expect(Buffer.from(bytes.subarray(0, 8)).toString()).toBe('%PDF-1.7')
    const document = await PDFDocument.load(bytes, { updateMetadata: false })
    expect([document.getTitle(), document.getAuthor(), document.getCreationDate()?.toISOString()]).toEqual(['Rechnung für Änn', 'Änn', '2026-01-02T03:04:05.000Z'])
    expect(document.getPages().map((page) => page.getSize())).toEqual([{ width: 300, height: 400 }])
    const resources = document.getPage(0).node.Resources()
    expect(resources?.lookup(PDFName.of('XObject'), PDFDict).keys()).toHaveLength(1)
    expect(resources?.lookup(PDFName.of('Font'), PDFDict).keys().length).toBeGreaterThanOrEqual(2)
    const form = document.getForm()
    expect([form.getTextField('note').getText(), form.getCheckBox('paid').isChecked()]).toEqual(['to be filled', true])
    expect(document.catalog.lookup(PDFName.of('Names'), PDFDict).has(PDFName.of('EmbeddedFiles'))).toBe(true)
  })

  test('reads a document, copies and turns its pages', async () => {
    const response = await applications.ask('pdf', '/doubled', { method: 'POST', body: await invoice() })
    const document = await PDFDocument.load(await response.arrayBuffer())
    expect(document.getPages().map((page) => [page.getWidth(), page.getRotation().angle])).toEqual([[300, 0], [300, 90]])
  })
})

describe('satori', () => {
  test('lays out with a font, as paths', async () => {
    const svg = await (await applications.ask('svg', `/?${query({ text: 'Hi' })}`)).text()
    expect(svg).toMatch(/^<svg width="200" height="100" viewBox="0 0 200 100" xmlns="http:\/\/www\.w3\.org\/2000\/svg">/)
    expect(svg).toMatch(/<rect x="0" y="0" width="200" height="100" fill="#ff0000"/)
    expect(svg).toMatch(/<path x="10" y="10" width="30" height="20" fill="blue"/)
    expect(svg).toMatch(/<path fill="white" d="M[\d.]+ [\d.]+[^"]{100,}"/)
    expect(svg).not.toContain('<text')
  })

  test('leaves text as text where it should', async () => {
    const svg = await (await applications.ask('svg', `/?${query({ text: 'A<B', embed: 'no' })}`)).text()
    expect([...svg.matchAll(/<text x="[\d.]+" y="[\d.]+"[^>]* font-size="20"[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join('')).toBe('A&lt;B')
  })
})

describe('satori with resvg', () => {
  const paint = async (parameters: Readonly<Record<string, string>>): Promise<{ readonly size: string | null; readonly bytes: Buffer }> => {
    const response = await applications.ask('image', `/?${query(parameters)}`)
    return { size: response.headers.get('x-size'), bytes: Buffer.from(await response.arrayBuffer()) }
  }

  test('paints what was laid out', async () => {
    const [blank, written] = [await paint({ text: '', as: 'pixels' }), await paint({ text: 'Hi', as: 'pixels' })]
    expect([blank.size, blank.bytes.byteLength]).toEqual(['400x200', 400 * 200 * 4])
    const at = (bytes: Buffer, x: number, y: number): number[] => [...bytes.subarray((y * 400 + x) * 4, (y * 400 + x + 1) * 4)]
    expect(at(written.bytes, 2, 2)).toEqual([255, 0, 0, 255])
    expect(at(written.bytes, 50, 40)).toEqual([0, 0, 255, 255])
    const whites = (bytes: Buffer): number => Array.from({ length: 400 * 200 }, (_, index) => bytes.readUInt32BE(index * 4)).filter((pixel) => pixel === 0xff_ff_ff_ff).length
    expect(whites(blank.bytes)).toBe(0)
    expect(whites(written.bytes)).toBeGreaterThan(200)
  })

  test('writes a PNG', async () => {
    const { bytes } = await paint({ text: 'Hi' })
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\u0089PNG\r\n\u001A\n')
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([400, 200])
    const data: Buffer[] = []
    for (let place = 8; place < bytes.length; ) {
      const length = bytes.readUInt32BE(place)
      const chunk = bytes.subarray(place + 4, place + 8 + length)
      expect(bytes.readUInt32BE(place + 8 + length)).toBe(crc32(chunk))
      if (chunk.subarray(0, 4).toString() === 'IDAT') data.push(chunk.subarray(4))
      place += length + 12
    }
    expect(inflateSync(Buffer.concat(data)).byteLength).toBe(200 * (1 + 400 * 4))
  })
})
