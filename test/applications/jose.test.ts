import {
  CompactEncrypt, CompactSign, compactDecrypt, compactVerify, exportJWK, generateKeyPair, generateSecret, importJWK, importPKCS8, importSPKI, type JWK, SignJWT,
} from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, jsonRequest, startApplications } from '../helpers/applications.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** jose's whole table of algorithms on an edge, each against jose on Node: what one side made the other takes, and nothing that was changed. */

interface Pair {
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

const text = 'Grüße 😀'
const encodings = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512']
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]
let applications: Applications
let origin: Origin
let published: { readonly keys: readonly JWK[] } = { keys: [] }

beforeAll(async () => {
  origin = await startOrigin((_request, response) => response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify(published)))
  applications = await startApplications('jose', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const call = (path: string, body: unknown): Promise<unknown> => applications.askJson('jose', path, jsonRequest(body))

async function newPair(alg: string, options = {}): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options })
  // Without `alg`, so that an RSA key serves each of its algorithms.
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}

const newSecret = (bytes: number): JWK => ({ kty: 'oct', k: Buffer.alloc(bytes, 'key for tests ').toString('base64url') })
const shared = (jwk: JWK): Pair => ({ publicJwk: jwk, privateJwk: jwk })
// Made once: an RSA key takes long.
let rsa: Promise<Pair> | undefined
const rsaPair = (): Promise<Pair> => (rsa ??= newPair('RS256'))

/** The token with a part of it changed. */
function spoil(token: string, part: number): string {
  const parts = token.split('.')
  const bytes = Buffer.from(parts[part] ?? '', 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return parts.with(part, bytes.toString('base64url')).join('.')
}

describe('signatures', () => {
  const signatures: readonly (readonly [string, () => Pair | Promise<Pair>])[] = [
    ...[['HS256', 32], ['HS384', 48], ['HS512', 64]].map(([alg, bytes]) => [String(alg), () => shared(newSecret(Number(bytes)))] as const),
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, rsaPair] as const),
    ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'].map((alg) => [alg, () => newPair(alg)] as const),
  ]

  test.each(signatures)('%s', async (alg, pairOf) => {
    const { publicJwk, privateJwk } = await pairOf()
    const made = (await call('/sign', { alg, jwk: privateJwk, text })) as string
    const { payload, protectedHeader } = await compactVerify(made, await importJWK(publicJwk, alg))
    expect([decoder.decode(payload), protectedHeader]).toEqual([text, { alg, kid: 'key-1' }])
    const token = await new CompactSign(encoder.encode(text)).setProtectedHeader({ alg }).sign(await importJWK(privateJwk, alg))
    expect(await call('/verify', { alg, jwk: publicJwk, token })).toEqual({ text, protectedHeader: { alg } })
    for (const part of [1, 2]) expect(await call('/refusal', { alg, jwk: publicJwk, token: spoil(token, part) })).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  test('the example of RFC 7515 verifies', async () => {
    const jwk = { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' }
    const token =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    expect(await call('/verify', { alg: 'HS256', jwk, token })).toMatchObject({ protectedHeader: { typ: 'JWT', alg: 'HS256' } })
  })
})

describe('encryption', () => {
  const agreements = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
  const keyBytes: Readonly<Record<string, number>> = { A128KW: 16, A192KW: 24, A256KW: 32, A128GCMKW: 16, A192GCMKW: 24, A256GCMKW: 32 }
  const managements: readonly (readonly [string, string, () => Pair | Promise<Pair>])[] = [
    ...Object.entries(keyBytes).map(([alg, bytes]) => [alg, 'oct', () => shared(newSecret(bytes))] as const),
    ...['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'].map((alg) => [alg, 'password', () => shared(newSecret(20))] as const),
    ...['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'].map((alg) => [alg, 'RSA', rsaPair] as const),
    ...['P-256', 'P-384', 'P-521', 'X25519'].flatMap((crv) => agreements.map((alg) => [alg, crv, () => newPair(alg, { crv })] as const)),
  ]

  test.each(managements)('%s with %s, for every enc', async (alg, _kind, pairOf) => {
    const { publicJwk, privateJwk } = await pairOf()
    const made = (await call('/encrypt', { alg, jwk: publicJwk, encodings, text })) as Record<string, string>
    const tokens: Record<string, string> = {}
    for (const enc of encodings) {
      const { plaintext, protectedHeader } = await compactDecrypt(made[enc] ?? '', await importJWK(privateJwk, alg), { keyManagementAlgorithms: [alg] })
      expect([decoder.decode(plaintext), protectedHeader]).toEqual([text, expect.objectContaining({ alg, enc })])
      tokens[enc] = await new CompactEncrypt(encoder.encode(text)).setProtectedHeader({ alg, enc }).encrypt(await importJWK(publicJwk, alg))
    }
    expect(await call('/decrypt', { alg, jwk: privateJwk, tokens })).toEqual(Object.fromEntries(encodings.map((enc) => [enc, text])))
  })

  test('dir, for every enc', async () => {
    const secrets = await Promise.all(encodings.map(async (enc) => [enc, await exportJWK(await generateSecret(enc, { extractable: true }))] as const))
    const jwks: Record<string, JWK> = Object.fromEntries(secrets)
    const made = (await call('/encrypt', { alg: 'dir', jwks, encodings, text })) as Record<string, string>
    const tokens: Record<string, string> = {}
    for (const enc of encodings) {
      const key = await importJWK(jwks[enc] ?? {}, enc)
      expect(decoder.decode((await compactDecrypt(made[enc] ?? '', key)).plaintext)).toBe(text)
      tokens[enc] = await new CompactEncrypt(encoder.encode(text)).setProtectedHeader({ alg: 'dir', enc }).encrypt(key)
    }
    expect(await call('/decrypt', { alg: 'dir', jwks, tokens })).toEqual(Object.fromEntries(encodings.map((enc) => [enc, text])))
  })

  test('compresses before it encrypts', async () => {
    const [jwk, enc, long] = [newSecret(32), 'A256GCM', text.repeat(1_000)]
    const key = await importJWK(jwk, 'A256KW')
    const made = (await call('/encrypt', { alg: 'A256KW', jwk, encodings: [enc], text: long, zip: 'DEF' })) as Record<string, string>
    expect(made[enc]?.length).toBeLessThan(1_000)
    expect(decoder.decode((await compactDecrypt(made[enc] ?? '', key)).plaintext)).toBe(long)
    const token = await new CompactEncrypt(encoder.encode(long)).setProtectedHeader({ alg: 'A256KW', enc, zip: 'DEF' }).encrypt(key)
    expect(await call('/decrypt', { alg: 'A256KW', jwk, tokens: { [enc]: token } })).toEqual({ [enc]: long })
  })

  test.each(encodings)('%s refuses what was changed', async (enc) => {
    const jwk = newSecret(32)
    const token = await new CompactEncrypt(encoder.encode(text)).setProtectedHeader({ alg: 'A256KW', enc }).encrypt(await importJWK(jwk, 'A256KW'))
    for (const part of [1, 2, 3, 4]) expect(await call('/decrypt/refusal', { alg: 'A256KW', jwk, token: spoil(token, part) })).toBe('ERR_JWE_DECRYPTION_FAILED')
  })
})

describe('keys', () => {
  const kinds = [
    ['RS256', {}], ['PS256', {}], ['RSA-OAEP-256', {}], ['ES256', {}], ['ES384', {}], ['ES512', {}], ['EdDSA', {}], ['Ed25519', {}],
    ['ECDH-ES', { crv: 'P-256' }], ['ECDH-ES', { crv: 'P-384' }], ['ECDH-ES', { crv: 'P-521' }], ['ECDH-ES', { crv: 'X25519' }],
  ] as const

  test.each(kinds)('%s %o are made, exported and imported', async (alg, options) => {
    const { pkcs8, spki, privateJwk, publicJwk, isSame } = (await call('/generate', { alg, options })) as Record<'pkcs8' | 'spki', string> & Pair & { isSame: boolean }
    expect(isSame).toBe(true)
    // Node reads the same key out of every form.
    expect(await exportJWK(await importPKCS8(pkcs8, alg, { extractable: true }))).toEqual(privateJwk)
    expect(await exportJWK(await importSPKI(spki, alg, { extractable: true }))).toEqual(publicJwk)
  })

  test.each([
    ['HS256', 32], ['HS384', 48], ['HS512', 64], ['A128KW', 16], ['A192KW', 24], ['A256KW', 32], ['A128GCMKW', 16], ['A256GCMKW', 32], ['A128GCM', 16], ['A192GCM', 24],
    ['A256GCM', 32], ['A128CBC-HS256', 32], ['A192CBC-HS384', 48], ['A256CBC-HS512', 64],
  ])('a secret for %s has %i bytes', async (alg, bytes) => {
    const { kty, k = '' } = (await call('/secret', { alg })) as JWK
    expect([kty, Buffer.from(k, 'base64url').byteLength]).toEqual(['oct', bytes])
  })

  test('do not leave where they may not', async () => {
    expect(await call('/inextractable', { alg: 'ES256' })).not.toBe('exported')
  })

  test('come out of a certificate', async () => {
    // Made by OpenSSL for P-256, with a token that its key signed.
    const certificate =
      'MIIBdTCCARugAwIBAgIUU8lYv32ZJvm+oBj8Y+CkfH9mj5YwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjgyMTM5MDBaGA8yMTI2MTEwNDIxMzkwMFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFRCM89IMUHxAP//RTiKkLTCV9am2Z3G6EZiqO8sqzyqvNGFZ8gmd1OIkoxmi5p6Feix9L2MGu1q4SNl+Pa0ODKjUzBRMB0GA1UdDgQWBBQFEAc+XJokNmZ6+NXTBshj6vWASDAfBgNVHSMEGDAWgBQFEAc+XJokNmZ6+NXTBshj6vWASDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIH4zy/YSRPF3sTtaycJFvJLthCiBUjMLEQNsUKWMOO7SAiEAmyP/7dDG7t3EF5oXjdZyBW1Jhn2NnkpSPfTpeMXHmHw='
    const token = 'eyJhbGciOiJFUzI1NiJ9.Y2VydGlmaWVk.uBOHBYbn-_qtLbm9xM8wA5TSfm19NFx9O5X4-E5DUSPAwGPHngCdBjcBTcAmGSh0qlHKCIR_6apKJaib3r5ksg'
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`
    expect(await call('/certificate', { pem, alg: 'ES256', token })).toBe('certified')
  })

  test('have the thumbprint of RFC 7638', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    expect(await call('/thumbprint', { jwk: { kty: 'RSA', e: 'AQAB', n, alg: 'RS256', kid: '2011-04-29' } })).toEqual([
      thumbprint, `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${thumbprint}`,
    ])
  })
})

describe('tokens', () => {
  const jwk = newSecret(32)

  test.each([
    [{ sub: 'ann', aud: ['a', 'b'], iss: 'here' }, { audience: 'b', issuer: 'here', typ: 'at+jwt' }, '1h', { sub: 'ann' }],
    [{ sub: 'ann' }, {}, '-1s', { code: 'ERR_JWT_EXPIRED', claim: 'exp', reason: 'check_failed' }],
    [{ aud: 'a' }, { audience: 'b' }, '1h', { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud', reason: 'check_failed' }],
    [{}, { issuer: 'here' }, '1h', { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'iss', reason: 'missing' }],
    [{ nbf: 32_503_680_000 }, {}, '1h', { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'nbf', reason: 'check_failed' }],
    [{}, { typ: 'jwt' }, '1h', { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'typ', reason: 'check_failed' }],
  ])('claims %o by %o', async (claims, options, expires, expected) => {
    expect(await call('/claims', { jwk, claims, options, expires })).toEqual(expected)
  })

  test('are sealed', async () => {
    expect(await call('/sealed', { jwk, claims: { sub: 'ann' } })).toEqual({ payload: { sub: 'ann', iss: 'here' }, other: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
  })

  test('for many, and detached', async () => {
    expect(await call('/general', { first: jwk, second: newSecret(64) })).toEqual({
      verified: ['signed by two', 'signed by two'], opened: 'signed by two', detached: 'signed by two',
    })
  })

  test('are verified by keys that are published elsewhere, asked for once', async () => {
    const { publicJwk, privateJwk } = await newPair('ES256')
    published = { keys: [{ ...publicJwk, kid: 'current', alg: 'ES256' }, { ...(await newPair('ES256')).publicJwk, kid: 'other', alg: 'ES256' }] }
    const token = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'ES256', kid: 'current' }).sign(await importJWK(privateJwk, 'ES256'))
    const askedBefore = origin.asked()
    expect(await call('/jwks', { url: `${origin.url}/keys`, token })).toEqual({ sub: 'ann', isFresh: true, keys: 2 })
    expect(origin.asked() - askedBefore).toBe(1)
  })
})
