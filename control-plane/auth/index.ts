export { type GivenTokens, type Identity, openIdentity } from './bootstrap.ts'
export { RecordSigner } from './record-signer.ts'
export { keepSignerFresh, refreshSigner, rotateSigningKey } from './signing-key.ts'
export { dataKeyRings, DataKeys, type SecretPlace } from './data-keys.ts'
export { type DataKeyRotation, rotateDataKey, secretHolders } from './rotate-data-key.ts'
export { KeyCheck } from './key-check.ts'
export { keyFile, type KeySource, keyText } from './key-source.ts'
export { type MasterKeyRotation, rotateMasterKey } from './rotate-master-key.ts'
export { InternalTokens } from './internal-tokens.ts'
export { keyFingerprint, type Peer, Peers } from './peers.ts'
export { SecretBox } from './secret-box.ts'
export { adoptAccounts } from './adopt-accounts.ts'
export { adoptSealed } from './adopt-sealed.ts'
export { Authenticator, type Caller, type Credentials } from './authenticator.ts'
export {
  accounts,
  createTokenWrites,
  defaultAccount,
  hasScope,
  invitations,
  members,
  requireAccount,
  requireRoomForToken,
  revokeTokenWrites,
  scopesOfRole,
  type StoredMember,
  tokenIds,
  tokens,
  tokensPerAccountMax,
  tokenUses,
} from './records.ts'
export { StandingAccess } from './standing-access.ts'
export { newToken, TokenAdministration } from './token-administration.ts'
export { tokenRetention } from './token-retention.ts'
export { TokenUse } from './token-use.ts'
export { createInvitation, createToken, hashToken } from './tokens.ts'
