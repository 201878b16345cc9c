import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import ipaddr from 'ipaddr.js'

const clientBytes = 8
/** Version, reserved, time, hash: the layout of RFC 9018. */
const serverBytes = 16
const serverBytesMin = 8
const serverBytesMax = 32
const version = 1
/** How long a cookie is taken, and from when a newer one is given with the answer. */
const takenSeconds = 3_600
const renewedSeconds = 1_800
/** Another server's clock may be ahead. */
const aheadSeconds = 300

/** What a query's COOKIE option says. */
export interface QueryCookie {
  readonly client: Buffer
  /** Of some server, perhaps of us. */
  readonly server: Buffer | undefined
}

/** Reads the option's data. Undefined where it is malformed, which is to be answered by FORMERR (RFC 7873, 5.2.2). */
export function readCookie(data: Buffer): QueryCookie | undefined {
  const server = data.subarray(clientBytes)
  if (data.length < clientBytes || (server.length > 0 && (server.length < serverBytesMin || server.length > serverBytesMax))) return undefined
  return { client: data.subarray(0, clientBytes), server: server.length === 0 ? undefined : server }
}

/**
 * Gives and knows cookies: who sends one back has got an answer of ours at the address that he asks from, so the address is not forged and the
 * rate limit need not count him. @see https://www.rfc-editor.org/rfc/rfc7873 @see https://www.rfc-editor.org/rfc/rfc9018
 */
export class Cookies {
  readonly #secret: Buffer

  /** `secret` is drawn unless given; servers that share an address know each other's cookies by sharing it. */
  constructor(secret: Buffer = randomBytes(32)) {
    this.#secret = secret
  }

  /** Whether this server gave the cookie to this address, within the hour. */
  isOurs({ client, server }: QueryCookie, address: string, nowSeconds: number): boolean {
    if (server?.length !== serverBytes || server.readUInt8(0) !== version) return false
    const ageSeconds = (nowSeconds - server.readUInt32BE(4)) | 0
    if (ageSeconds > takenSeconds || ageSeconds < -aheadSeconds) return false
    return timingSafeEqual(server, this.#make(client, server.subarray(0, 8), address))
  }

  /** The option's data for the reply: the cookie that came, where it is ours and young, otherwise a new one. */
  reply(cookie: QueryCookie, address: string, nowSeconds: number): Buffer {
    const { client, server } = cookie
    if (server?.length === serverBytes && nowSeconds - server.readUInt32BE(4) < renewedSeconds && this.isOurs(cookie, address, nowSeconds)) {
      return Buffer.concat([client, server])
    }
    const head = Buffer.alloc(8)
    head.writeUInt8(version, 0)
    head.writeUInt32BE(nowSeconds >>> 0, 4)
    return Buffer.concat([client, this.#make(client, head, address)])
  }

  #make(client: Buffer, head: Buffer, address: string): Buffer {
    const from = ipaddr.isValid(address) ? Buffer.from(ipaddr.process(address).toByteArray()) : Buffer.from(address)
    const hash = createHmac('sha256', this.#secret).update(client).update(head).update(from).digest()
    return Buffer.concat([head, hash.subarray(0, serverBytes - head.length)])
  }
}
