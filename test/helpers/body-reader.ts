import type { Response } from 'undici'

/** Reads the text of a body piece by piece, as it comes. */
export interface BodyReader {
  /** What comes until a text stands in it, or until the body ends. */
  until(text: string): Promise<string>
  rest(): Promise<string>
  cancel(): Promise<void>
}

/** Throws where the answer has no body. */
export function readerOf(response: Response): BodyReader {
  if (response.body === null) throw new Error('the answer has no body')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const readWhile = async (goesOn: (text: string) => boolean): Promise<string> => {
    let text = ''
    while (goesOn(text)) {
      const { done, value } = await reader.read()
      if (done) break
      text += value
    }
    return text
  }
  return {
    until: (wanted) => readWhile((text) => !text.includes(wanted)),
    rest: () => readWhile(() => true),
    cancel: () => reader.cancel(),
  }
}
