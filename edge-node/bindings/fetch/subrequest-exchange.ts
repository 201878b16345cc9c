import { SkerryError } from '../../../errors/index.ts'
import type { Subrequest, SubrequestHandler, SubrequestResponder } from '../../../runtime/supervisor/index.ts'
import type { Waits } from '../../placement/index.ts'
import type { BytesHolder, HeldBytes } from '../held-bytes.ts'
import type { SubrequestBudget } from './budget.ts'
import { isRedirect, redirectRequest, redirectsMax } from './redirect.ts'
import type { Transport, TransportControl, TransportEvents, TransportRequest } from './transport.ts'

export interface SubrequestContext {
  readonly budget: SubrequestBudget
  /** Asked anew for each hop of a redirect, so that each is checked. */
  readonly transportFor: (url: URL) => Transport
  /** Counts heads, and what of bodies is not sent yet: it is the other side that says when. */
  readonly held: HeldBytes
  /** Told how long the function waits for the head of the answer. */
  readonly waits?: Waits | undefined
}

/** What subrequests that are under way may take of a node: their heads, and of their bodies what is not sent yet. */
export const unsentBytesMax = 256 * 1024 * 1024

/** What each takes besides. */
const overheadBytes = 1_024

/** One `fetch` of a function: waits for its turn, follows redirects hop by hop, streams both ways. */
export class SubrequestExchange implements SubrequestHandler, BytesHolder {
  readonly account: string
  readonly #subrequest: Subrequest
  readonly #responder: SubrequestResponder
  readonly #context: SubrequestContext
  #current: TransportRequest
  #control: TransportControl | undefined
  #leaveQueue: (() => void) | undefined
  #endWait: (() => void) | undefined
  /** What the function streams while it waits for its turn, within its credit. */
  #early: Uint8Array[] = []
  #isBodyEnded = false
  #holdsTurn = false
  #isOver = false
  #redirects = 0

  constructor(subrequest: Subrequest, first: TransportRequest, responder: SubrequestResponder, context: SubrequestContext) {
    this.account = subrequest.version.account
    this.#subrequest = subrequest
    this.#current = first
    this.#responder = responder
    this.#context = context
  }

  start(): void {
    const { url, headers, body } = this.#current
    const headBytes = headers.reduce((sum, field) => sum + field.length, url.href.length)
    this.#context.held.add(this, overheadBytes + headBytes + (body instanceof Uint8Array ? body.length : 0))
    if (this.#isOver) return
    this.#endWait = this.#context.waits?.begin()
    this.#leaveQueue = this.#context.budget.enter(() => {
      this.#holdsTurn = true
      this.#send()
    })
  }

  onChunk(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#context.held.add(this, chunk.length)
    if (this.#isOver) return
    if (this.#control === undefined) this.#early.push(chunk)
    else this.#control.write(chunk)
  }

  onEnd(): void {
    this.#isBodyEnded = true
    this.#control?.end()
  }

  abort(): void {
    if (this.#isOver) return
    this.#close()
    this.#control?.abort()
  }

  resume(): void {
    if (!this.#isOver) this.#control?.resume()
  }

  giveUp(): void {
    this.#control?.abort()
    this.#fail(new SkerryError('overloaded', 'The node holds too much of what is to be sent.'))
  }

  readonly workOfMessage = (): object | undefined => {
    const asked = this.#control?.workOfMessage
    return asked === undefined ? {} : asked()
  }

  #send(): void {
    const request = this.#current
    const hop = new Hop()
    let control: TransportControl
    try {
      control = this.#context.transportFor(request.url)(request, this.#eventsOf(hop))
    } catch (cause) {
      this.#fail(cause instanceof SkerryError ? cause : new SkerryError('subrequest_failed', 'The subrequest failed.', { cause }))
      return
    }
    if (this.#isOver || hop.isOver) {
      control.abort()
      return
    }
    this.#control = control
    const early = this.#early
    this.#early = []
    for (const chunk of early) control.write(chunk)
    if (this.#isBodyEnded && request.body === 'stream') control.end()
  }

  /** Events of one hop; those of a hop that was left by a redirect are void. */
  #eventsOf(hop: Hop): TransportEvents {
    return {
      onHead: (status, statusText, headers) => {
        if (this.#isOver || hop.isOver) return
        if (this.#subrequest.redirect !== 'manual' && isRedirect(status)) this.#redirect(hop, status, statusText, headers)
        else this.#answer(status, statusText, headers)
      },
      onChunk: (chunk) => this.#isOver || hop.isOver || this.#responder.write(chunk),
      onEnd: () => {
        if (this.#isOver || hop.isOver) return
        this.#close()
        this.#responder.end()
      },
      onError: (error) => {
        if (!hop.isOver) this.#fail(error)
      },
      onConsumed: (bytes) => {
        if (this.#isOver) return
        this.#context.held.add(this, -bytes)
        this.#responder.consumed(bytes)
      },
    }
  }

  #answer(status: number, statusText: string, headers: readonly string[]): void {
    this.#endWait?.()
    this.#releaseTurn()
    this.#dropBody()
    const hasBody = this.#current.method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304
    this.#responder.head({ status, statusText, headers, url: this.#current.url.href, redirected: this.#redirects > 0 }, hasBody)
  }

  #redirect(hop: Hop, status: number, statusText: string, headers: readonly string[]): void {
    let next: TransportRequest | undefined
    try {
      if (this.#subrequest.redirect === 'error') {
        throw new SkerryError('subrequest_failed', `${this.#current.url.origin} redirected, and \`redirect\` is "error".`)
      }
      next = redirectRequest(this.#current, status, headers)
      if (next !== undefined && this.#redirects >= redirectsMax) {
        throw new SkerryError('subrequest_failed', `More than ${redirectsMax} redirects.`, { limit: redirectsMax })
      }
      // It is a request as the first was.
      if (next !== undefined) this.#context.budget.spend()
    } catch (error) {
      this.#control?.abort()
      hop.isOver = true
      this.#fail(error instanceof SkerryError ? error : new SkerryError('subrequest_failed', 'The redirect failed.', { cause: error }))
      return
    }
    if (next?.body === undefined) this.#dropBody()
    if (next === undefined) {
      this.#answer(status, statusText, headers)
      return
    }
    hop.isOver = true
    this.#redirects += 1
    this.#control?.abort()
    this.#control = undefined
    this.#current = next
    // A transport may answer while it is being called: leave its stack first.
    queueMicrotask(() => {
      if (!this.#isOver) this.#send()
    })
  }

  /** It was sent, or is not wanted any more. */
  #dropBody(): void {
    const { body } = this.#current
    if (!(body instanceof Uint8Array)) return
    this.#current = { ...this.#current, body: undefined }
    this.#context.held.add(this, -body.length)
  }

  #fail(error: SkerryError): void {
    if (this.#isOver) return
    this.#close()
    this.#responder.error(error)
  }

  #close(): void {
    this.#isOver = true
    this.#endWait?.()
    this.#context.held.clear(this)
    this.#early = []
    this.#leaveQueue?.()
    this.#releaseTurn()
  }

  #releaseTurn(): void {
    if (!this.#holdsTurn) return
    this.#holdsTurn = false
    this.#context.budget.leave()
  }
}

class Hop {
  isOver = false
}
