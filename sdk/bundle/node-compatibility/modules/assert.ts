import nodeAssert from 'assert/build/assert.js'

/** `node:assert`: Node's own, by the npm package `assert`. */
export const assert = nodeAssert
export const {
  AssertionError, deepEqual, deepStrictEqual, doesNotMatch, doesNotReject, doesNotThrow, equal, fail, ifError, match, notDeepEqual,
  notDeepStrictEqual, notEqual, notStrictEqual, ok, rejects, strict, strictEqual, throws,
} = nodeAssert
