export { ownsCalls, receiveResult } from './calls.ts'
export { Crypto, crypto } from './crypto.ts'
export { cloneKey, CryptoKey } from './crypto-key.ts'
export { SubtleCrypto } from './subtle-crypto.ts'
