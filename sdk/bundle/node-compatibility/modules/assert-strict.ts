import nodeAssert from 'assert/build/assert.js'

/** `node:assert/strict`. */
export const assert = nodeAssert.strict
export const {
  AssertionError, deepEqual, deepStrictEqual, doesNotMatch, doesNotReject, doesNotThrow, equal, fail, ifError, match, notDeepEqual,
  notDeepStrictEqual, notEqual, notStrictEqual, ok, rejects, strict, strictEqual, throws,
} = nodeAssert.strict
