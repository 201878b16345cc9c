import { expect, it } from 'vitest'
import { certificateFiles } from './authorities.ts'
import type { CliContext } from './context.ts'
import { frontSettings, type IngressOptions } from './role-options.ts'

const context = { workingDirectory: '/etc/skerry' } as CliContext
const settings = (flags: Partial<IngressOptions>) => frontSettings(context, flags as IngressOptions)

it('takes pairs in their order, and a folder, relative to the working directory', () => {
  expect(settings({})).toMatchObject({ tls: undefined, redirectPort: undefined, proxyProtocol: undefined })
  expect(settings({ tlsCert: ['a.crt', '/b.crt'], tlsKey: ['a.key', '/b.key'], tlsCertificates: 'certs', redirectPort: 80, proxyProtocol: ['10.0.0.0/8'] })).toMatchObject({
    tls: {
      pairs: [{ certificateFile: '/etc/skerry/a.crt', keyFile: '/etc/skerry/a.key' }, { certificateFile: '/b.crt', keyFile: '/b.key' }], directory: '/etc/skerry/certs',
    },
    redirectPort: 80, proxyProtocol: ['10.0.0.0/8'],
  })
})

it('refuses what does not go together', () => {
  expect(() => settings({ tlsCert: ['a.crt'] })).toThrow('as often as each other')
  expect(() => settings({ redirectPort: 80 })).toThrow('pass --tls-certificates')
  expect(() => certificateFiles(context, 'a.crt', undefined)).toThrow('pass both')
  expect(certificateFiles(context, undefined, undefined)).toBeUndefined()
})
