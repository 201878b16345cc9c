const token = Symbol('Navigator')

/** https://html.spec.whatwg.org/#the-navigator-object, as far as WinterTC's minimum asks. */
export class Navigator {
  constructor(key?: unknown) {
    if (key !== token) throw new TypeError('Illegal constructor')
  }
  get userAgent(): string {
    return 'Skerry'
  }
  get hardwareConcurrency(): number {
    return 1
  }
  get language(): string {
    return 'en'
  }
  get languages(): readonly string[] {
    return Object.freeze(['en'])
  }
}

export function createNavigator(): Navigator {
  return new Navigator(token)
}
