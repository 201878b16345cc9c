import { StringDecoder as Decoder } from 'string_decoder/lib/string_decoder.js'

/** `node:string_decoder`: Node's own, and base64url, which it had not yet. */
export const StringDecoder = new Proxy(Decoder, {
  construct(target, [encoding]: [string?], newTarget: new () => unknown) {
    if (String(encoding).toLowerCase() !== 'base64url') return Reflect.construct(target, [encoding], newTarget) as object
    const decoder: InstanceType<typeof Decoder> = Reflect.construct(target, ['base64'], newTarget)
    const { write, end } = decoder
    const forUrl = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
    return Object.assign(decoder, {
      encoding: 'base64url',
      write: (bytes: Buffer) => forUrl(write.call(decoder, bytes)),
      end: (bytes?: Buffer) => forUrl(end.call(decoder, bytes)),
    })
  },
})
