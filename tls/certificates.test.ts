import { chmod, copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificate } from '../test/helpers/certificates.ts'
import { type Certificates, openCertificates } from './index.ts'

let directory: string
let spare: string
let certificates: Certificates
let ring: (() => void) | undefined
const logged: string[] = []
const log = (entry: Readonly<Record<string, unknown>>): void => void logged.push(JSON.stringify(entry))

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-certificates-'))
  spare = await mkdtemp(join(tmpdir(), 'skerry-certificates-'))
  makeCertificate(directory, ['*.example.com', 'example.com'], { file: 'wild' })
  makeCertificate(directory, ['api.example.com'], { file: 'api' })
  makeCertificate(directory, ['api.example.com'], { file: 'longer', days: 9 })
  makeCertificate(spare, ['new.example.org', 'api.example.com'], { file: 'next', days: 99 })
  // As a secret of Kubernetes has it, beside tls.crt.
  await copyFile(join(directory, 'api.crt'), join(directory, 'ca.crt'))
  await writeFile(join(directory, 'broken.crt'), 'nonsense')
  await writeFile(join(directory, 'broken.key'), 'nonsense', { mode: 0o600 })
  certificates = await openCertificates({
    directory, log, after: (_ms, callback) => {
      ring = callback
      return () => {
        ring = undefined
      }
    },
  })
})
afterAll(async () => {
  certificates.close()
  expect(ring).toBeUndefined()
  await Promise.all([directory, spare].map((folder) => rm(folder, { recursive: true })))
})

const shown = (name: string): string | undefined => certificates.current.select(name)?.certificateFile.slice(directory.length + 1)

it('chooses by name, then by wildcard of one label, the one that is valid for longest', () => {
  expect(['API.example.com', 'www.example.com', 'example.com'].map(shown)).toEqual(['longer.crt', 'wild.crt', 'wild.crt'])
  expect(['a.b.example.com', 'ignored.example.com.evil', 'other.org', '*', ''].map(shown)).toEqual([undefined, undefined, undefined, undefined, undefined])
})

it('leaves out what can not be used, and says so once', async () => {
  expect(certificates.current.refused).toBe(1)
  await certificates.look()
  expect(logged.filter((line) => line.includes('broken.crt'))).toHaveLength(1)
})

it('takes what is new, keeps what is half-written, and lets go of what is gone', async () => {
  await copyFile(join(spare, 'next.crt'), join(directory, 'api.crt'))
  await certificates.look()
  expect([shown('new.example.org'), certificates.current.refused]).toEqual([undefined, 2])
  expect(logged.at(-1)).toContain('api.crt')
  await copyFile(join(spare, 'next.key'), join(directory, 'api.key'))
  let told = 0
  certificates.onChange(({ pairs }) => {
    told = pairs.length
  })
  ring?.()
  await certificates.look()
  expect([shown('new.example.org'), shown('api.example.com'), told]).toEqual(['api.crt', 'api.crt', 3])
  expect(logged.at(-1)).toContain('firstToExpire')

  await truncate(join(directory, 'api.crt'), 200)
  await certificates.look()
  expect(shown('new.example.org')).toBe('api.crt')
  await chmod(join(directory, 'wild.key'), 0o644)
  await certificates.look()
  expect([shown('www.example.com'), logged.at(-1)]).toEqual(['wild.crt', expect.stringContaining('may be read by everybody')])

  await Promise.all(['api.crt', 'api.key'].map((file) => rm(join(directory, file))))
  await certificates.look()
  expect([shown('new.example.org'), shown('api.example.com')]).toEqual([undefined, 'longer.crt'])
})

it('shows a default where there is one, and refuses to begin with what it is told by name and can not use', async () => {
  const of = async (sources: Parameters<typeof openCertificates>[0]): Promise<Certificates> => {
    const opened = await openCertificates(sources)
    opened.close()
    return opened
  }
  const pair = (name: string) => ({ certificateFile: join(directory, `${name}.crt`), keyFile: join(directory, `${name}.key`) })
  expect((await of({ pairs: [pair('longer')], directory, log })).current.select('x.org')?.certificateFile).toBe(pair('longer').certificateFile)
  makeCertificate(spare, [], { file: 'default' })
  expect((await of({ directory: spare, log })).current.select('x.org')?.certificateFile).toContain('default.crt')
  await expect(of({ pairs: [pair('broken')], directory, log })).rejects.toMatchObject({ code: 'config_invalid' })
  await expect(of({ directory: tmpdir(), log })).rejects.toThrow('There is no NAME.crt')
})
