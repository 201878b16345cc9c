import { basename } from 'node:path'
import { Gauge, type Registry } from 'prom-client'
import { type Certificates, type CertificateSources, openCertificates } from '../../tls/index.ts'

/** Reads the certificates of a server. `notice` is told what becomes of them. Rejects with `config_invalid`. */
export function openServerCertificates(sources: CertificateSources, notice: (text: string) => void): Promise<Certificates> {
  return openCertificates({
    ...sources,
    log: ({ message, detail, certificates, firstToExpire }) => {
      const what = typeof detail === 'string' ? detail : `there are ${String(certificates)}, of which the first expires at ${String(firstToExpire)}`
      notice(`${String(message)}: ${what}`)
    },
  })
}

/** Until when clients believe what they are shown, and what is left out. */
export function addCertificateMetrics(registry: Registry, certificates: Certificates): void {
  registry.registerMetric(new Gauge({
    name: 'skerry_tls_certificate_expiry_seconds', help: 'When the certificate expires, in seconds since the Unix epoch.', labelNames: ['certificate'], registers: [],
    collect() {
      this.reset()
      for (const { certificateFile, validToMs } of certificates.current.pairs) this.set({ certificate: basename(certificateFile) }, validToMs / 1_000)
    },
  }))
  registry.registerMetric(new Gauge({
    name: 'skerry_tls_certificates_refused', help: 'Certificates whose files could not be used when they were last looked at.', registers: [],
    collect() {
      this.set(certificates.current.refused)
    },
  }))
}
