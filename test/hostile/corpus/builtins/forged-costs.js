// What the platform says of a call on its way to the host, changed: numbers as text, which are numbers again where they are used.
export default {
  async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits'])
    const { stringify } = JSON
    let forged = 0
    JSON.stringify = (...parameters) => {
      const text = stringify(...parameters)
      if (typeof text !== 'string') return text
      forged++
      return text.replace(/"iterations":\d+/, '"iterations":"1000000000"').replace(/"modulusLength":\d+/, '"modulusLength":"16384"').replace(/"length":\d+/, '"length":["99999999999"]')
    }
    const ways = [
      () => crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 1 }, key, 512),
      () => crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 2_048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-512' }, true, ['encrypt', 'decrypt']),
      () => crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 512 }, true, ['sign']),
    ]
    const outcomes = []
    for (const way of ways) outcomes.push(await way().then(() => 'done', (error) => error.name))
    const isRefused = outcomes.every((outcome) => ['OperationError', 'NotSupportedError'].includes(outcome))
    return new Response(forged === 3 && isRefused ? 'contained' : `${forged} ${outcomes}`)
  },
}
