/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */

/**
 * How many calls of WebAssembly may be suspended in an isolate at a time. V8 gives each a stack of its own, in memory that the isolate is not
 * charged for, and aborts the process where the system has no mapping left: with some thirty thousand. A stack stays until its call is
 * settled, whether anything still leads to it or not.
 * @see https://webassembly.github.io/js-promise-integration/js-api/
 */
const stacksMax = 1_000
const { apply } = Reflect
const { then } = Promise.prototype
const OriginalRangeError = RangeError

export type Promising = (exported: unknown) => (...given: unknown[]) => unknown

/** `WebAssembly.promising` whose functions throw a RangeError where too many of their calls are suspended. */
export function boundStacks(promising: Promising): Promising {
  let stacks = 0
  return (exported) => {
    const call = promising(exported)
    return (...given) => {
      if (stacks >= stacksMax) throw new OriginalRangeError(`More than ${stacksMax} calls of WebAssembly are suspended: await some first`)
      stacks++
      let promise: unknown
      try {
        promise = apply(call, undefined, given)
      } catch (thrown) {
        stacks--
        throw thrown
      }
      // Where the function made it throw, the call counts for good: its stack may be there.
      return apply(then, promise, [
        (value: unknown) => {
          stacks--
          return value
        },
        (error: unknown) => {
          stacks--
          throw error
        },
      ])
    }
  }
}
