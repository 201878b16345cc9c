/** What the npm package `assert` needs of `util`: all of it would need the package in turn. */
export { inspect } from 'node-inspect-extracted'
export * as types from './util-types.ts'
