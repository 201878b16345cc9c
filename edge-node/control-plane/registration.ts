import type { NodeRegistration, NodeWelcome } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'

export interface RegistrationOptions {
  readonly register: (registration: NodeRegistration) => Promise<NodeWelcome>
  readonly describe: () => NodeRegistration
  readonly onWelcome: (welcome: NodeWelcome) => void
  /** Told once per outage, and once when it is over. */
  readonly onOutage: (error: SkerryError | undefined) => void
}

const intervalMs = 5_000
/** While the node asks clients to go elsewhere. */
const pressedIntervalMs = 1_000

/** Tells the control plane of this node at start and every 5 s, more often while it is pressed. Failure never stops serving. */
export class Registration {
  readonly #options: RegistrationOptions
  #timer: NodeJS.Timeout | undefined
  #isFailing = false
  #isPressed = false
  #isClosed = false

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** Registers now and from now on. Never rejects. */
  async start(): Promise<void> {
    await this.now()
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.start(), this.#isPressed ? pressedIntervalMs : intervalMs)
    this.#timer.unref()
  }

  /** Registers once. Never rejects. */
  async now(): Promise<void> {
    try {
      const registration = this.#options.describe()
      this.#isPressed = (registration.pressureMs ?? 0) > 0
      const welcome = await this.#options.register(registration)
      if (this.#isClosed) return
      this.#options.onWelcome(welcome)
      if (this.#isFailing) this.#options.onOutage(undefined)
      this.#isFailing = false
    } catch (error) {
      if (this.#isClosed || this.#isFailing) return
      this.#isFailing = true
      this.#options.onOutage(error instanceof SkerryError ? error : new SkerryError('internal_error', 'Registering failed.', { cause: error }))
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
