import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const tailLimit = 32 ** 8

/** The system's generator takes as long for sixteen bytes as for a thousand. */
const randomPoolBytes = 6 * 1_024

/** Random numbers of 48 bits, from a pool. */
function createRandomSource(): () => number {
  let pool = Buffer.alloc(0)
  let offset = 0
  return () => {
    if (offset === pool.length) {
      pool = randomBytes(randomPoolBytes)
      offset = 0
    }
    offset += 6
    return pool.readUIntBE(offset - 6, 6)
  }
}

/** Makes a generator of ULIDs that grow strictly, for one process. @see https://github.com/ulid/spec */
export function createUlidGenerator(now: () => number = Date.now): () => string {
  const random = createRandomSource()
  let lastMs = -1
  let timePart = ''
  let randomPart = ''
  let tail = 0
  const reseed = (): void => {
    randomPart = encode(random() % tailLimit, 8)
    // Half of the range is left to count up in.
    tail = random() % (tailLimit / 2)
  }
  return () => {
    const ms = now()
    if (ms > lastMs) {
      lastMs = ms
      timePart = encode(ms, 10)
      reseed()
    } else {
      tail += 1
      if (tail >= tailLimit) {
        lastMs += 1
        timePart = encode(lastMs, 10)
        reseed()
      }
    }
    return timePart + randomPart + encode(tail, 8)
  }
}

function encode(value: number, length: number): string {
  let text = ''
  let rest = value
  for (let index = 0; index < length; index += 1) {
    text = (alphabet[rest % 32] ?? '0') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** Whether a string from elsewhere may stand for a request's id. */
export function isUlid(text: string): boolean {
  return ulidPattern.test(text)
}

const traceBytes = 24

/** Makes W3C trace contexts for requests that came without one; not sampled. @see https://www.w3.org/TR/trace-context/ */
export function createTraceparentGenerator(): () => string {
  let pool = ''
  let offset = 0
  return () => {
    if (offset >= pool.length) {
      pool = randomBytes(traceBytes * 1_024).toString('hex')
      offset = 0
    }
    const text = `00-${pool.slice(offset, offset + 32)}-${pool.slice(offset + 32, offset + 48)}-00`
    offset += 2 * traceBytes
    return text
  }
}

const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

export function isTraceparent(text: string): boolean {
  return traceparentPattern.test(text)
}
