import { TcpLink } from './tcp-link.ts'

/** Round trip in ms from one place to another, without jitter, and one as it happens, with it. */
export interface PathModel {
  roundTripMs(from: string, to: string): number
  sampleMs(from: string, to: string): number
}

/** Every path from a place to a port at another place; each is a listener of its own, made when it is first wanted. */
export class Paths {
  readonly #model: PathModel
  readonly #links = new Map<string, { readonly target: string; readonly link: TcpLink; readonly opened: Promise<void> }>()
  readonly #refused = new Set<string>()

  constructor(model: PathModel) {
    this.#model = model
  }

  /** The port of loopback where the way begins. `target` is the URL at its end. */
  async to(from: string, to: string, target: string): Promise<number> {
    const key = `${from} ${target}`
    let known = this.#links.get(key)
    if (known === undefined) {
      const { hostname, port } = new URL(target)
      const link = new TcpLink({
        host: hostname, port: Number(port), roundTripMs: this.#model.roundTripMs(from, to), oneWayMs: () => this.#model.sampleMs(from, to) / 2,
      })
      known = { target, link, opened: link.open() }
      this.#links.set(key, known)
      await known.opened
      if (this.#refused.has(target)) link.refuse()
    }
    await known.opened
    return known.link.port
  }

  /** What listens at these URLs is gone: connections are refused. */
  refuse(targets: readonly string[]): void {
    for (const target of targets) this.#refused.add(target)
    for (const { target, link } of this.#links.values()) if (targets.includes(target)) link.refuse()
  }

  /** What listens at these URLs can not be reached: what is sent there is lost. */
  swallow(targets: readonly string[]): void {
    for (const { target, link } of this.#links.values()) if (targets.includes(target)) link.swallow()
  }

  close(): void {
    for (const { link } of this.#links.values()) link.close()
  }
}
