// Values that pretend to be the platform's own.
export default {
  async fetch() {
    const pretend = (name) => Object.create(globalThis[name].prototype)
    const found = []
    const ways = {
      response: () => new Response(pretend('ReadableStream')), request: () => new Request(pretend('Request')), blob: () => new Blob([pretend('Blob')]).text(), form: () => new Response(pretend('FormData')).text(),
      key: () => crypto.subtle.exportKey('raw', pretend('CryptoKey')), signal: () => fetch('http://127.0.0.1/', { signal: pretend('AbortSignal') }), headers: () => pretend('Headers').get('a'), url: () => pretend('URL').href,
      buffer: () => new TextDecoder().decode(pretend('ArrayBuffer')), typed: () => crypto.getRandomValues(pretend('Uint8Array')), event: () => new EventTarget().dispatchEvent(pretend('Event')), port: () => pretend('MessagePort').postMessage(1),
    }
    for (const [name, way] of Object.entries(ways)) {
      const outcome = await Promise.resolve().then(way).then((value) => `took ${String(value)}`, (error) => error.name)
      if (!['TypeError', 'InvalidStateError', 'TypeMismatchError', 'InvalidAccessError'].includes(outcome)) found.push(`${name} ${outcome}`)
    }
    return new Response(found.every((text) => /took (\[object Response\]|\[object (FormData|Blob|ReadableStream)\])/.test(text)) ? 'contained' : found.join('\n'))
  },
}
