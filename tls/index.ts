export { type CertificateOptions, type Certificates, type CertificateSources, openCertificates } from './certificates.ts'
export { CertificateSet } from './certificate-set.ts'
export type { KeyPair, KeyPairFiles } from './key-pair.ts'
export { tlsSettings } from './tls-settings.ts'
