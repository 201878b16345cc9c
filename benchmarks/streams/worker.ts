/**
 * What every runtime runs, as the text of one ES module. `operations/NAME?times=N` repeats an operation on a megabyte; the rest are streams.
 */
export const workerSource = `
const megabyte = 1024 * 1024
const ascii = new Uint8Array(megabyte).map((_, index) => 32 + (index % 95))
const unit = new TextEncoder().encode('Größe: 12 € für 東京, Привет мир 😀, plain text in between. ')
const mixed = new Uint8Array(Math.floor(megabyte / unit.length) * unit.length).map((_, index) => unit[index % unit.length])
const decoder = new TextDecoder(), encoder = new TextEncoder()
const asciiText = decoder.decode(ascii), mixedText = decoder.decode(mixed)
const record = { id: 1234, name: 'An item of some length', tags: ['one', 'two'], price: 12.5, nested: { yes: true, no: null } }
const records = Array.from({ length: 8_500 }, () => record)
const json = JSON.stringify(records)
const target = new Uint8Array(3 * megabyte)

const operations = {
  'nothing': () => 0,
  'decode-ascii': () => decoder.decode(ascii).length,
  'decode-mixed': () => decoder.decode(mixed).length,
  'encode-ascii': () => encoder.encode(asciiText).length,
  'encode-mixed': () => encoder.encode(mixedText).length,
  'encode-into': () => encoder.encodeInto(mixedText, target).written,
  'parse': () => JSON.parse(json).length,
  'stringify': () => JSON.stringify(records).length,
  'request-text': async () => (await new Request('http://localhost/', { method: 'POST', body: ascii }).text()).length,
  'request-bytes': async () => (await new Request('http://localhost/', { method: 'POST', body: ascii }).arrayBuffer()).byteLength,
}

function source(chunks) {
  return new ReadableStream({
    pull(controller) {
      if (chunks-- > 0) controller.enqueue(new Uint8Array(64 * 1024))
      else controller.close()
    },
  })
}

async function drain(stream) {
  const reader = stream.getReader()
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return length
    length += value.length
  }
}

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    const times = Number(searchParams.get('times'))
    switch (pathname) {
      case '/pass': return new Response(request.body)
      case '/transform': return new Response(request.body.pipeThrough(new TransformStream()))
      case '/generate': return new Response(source(times))
      case '/transforms': {
        let stream = source(times)
        for (let index = 0; index < 4; index++) stream = stream.pipeThrough(new TransformStream())
        return new Response(String(await drain(stream)))
      }
      case '/small': {
        let left = times
        const stream = new ReadableStream({ pull(controller) { left-- > 0 ? controller.enqueue(left) : controller.close() } })
        let sum = 0
        for await (const value of stream.pipeThrough(new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk + 1) } }))) sum += value
        return new Response(String(sum))
      }
      case '/text': return new Response(String((await request.text()).length))
      case '/bytes': return new Response(String((await request.arrayBuffer()).byteLength))
      case '/json': return new Response(String((await request.json()).length))
    }
    const operation = operations[pathname.slice('/operations/'.length)]
    let result = 0
    for (let index = 0; index < times; index++) result += await operation()
    return new Response(String(result))
  },
}
`
