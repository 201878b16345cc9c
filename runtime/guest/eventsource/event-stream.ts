/** One event of a stream. `type` is '' where the stream names none. */
export interface StreamEvent {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

export interface EventStreamListener {
  onEvent(event: StreamEvent): void
  /** The id to go on from when the stream breaks: told at each empty line, whether there was an event or not. */
  onLastEventId(id: string): void
  /** Milliseconds. */
  onRetry(time: number): void
}

/**
 * https://html.spec.whatwg.org/#event-stream-interpretation: takes decoded text in pieces, wherever they are cut. What stands behind the last
 * empty line is no event.
 */
export function createEventStreamParser(listener: EventStreamListener, lastId: string): (text: string) => void {
  let rest = ''
  let endedInReturn = false
  let type = ''
  let data = ''
  let lastEventId = lastId

  const field = (name: string, value: string): void => {
    if (name === 'data') data += `${value}\n`
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) lastEventId = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) listener.onRetry(Number(value))
  }
  const line = (text: string): void => {
    if (text !== '') {
      const colon = text.indexOf(':')
      if (colon < 0) field(text, '')
      else if (colon > 0) field(text.slice(0, colon), text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1))
      return
    }
    const event = { type, data: data.slice(0, -1), lastEventId }
    const isEvent = data !== ''
    type = ''
    data = ''
    listener.onLastEventId(lastEventId)
    if (isEvent) listener.onEvent(event)
  }

  return (piece) => {
    // The line feed of a pair that was cut.
    const text = endedInReturn && piece.startsWith('\n') ? piece.slice(1) : piece
    if (piece !== '') endedInReturn = piece.endsWith('\r')
    let start = 0
    for (const match of text.matchAll(/\r\n|\n|\r/g)) {
      line(rest + text.slice(start, match.index))
      rest = ''
      start = match.index + match[0].length
    }
    // Looked through once: a line may come in very many pieces.
    rest += text.slice(start)
  }
}
