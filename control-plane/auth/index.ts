export { type GivenTokens, type Identity, openIdentity, RecordSigner } from './bootstrap.ts'
export { openSecretBox, SecretBox } from './secret-box.ts'
export { authenticate, type Caller, type Credentials, createToken, hashToken, hasScope, type Scope, tokens } from './tokens.ts'
