import { HostOperation } from '../../bridge/index.ts'
import { blobBytes, blobType } from '../blob/index.ts'
import { joinBytes } from '../bytes.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { callHost } from '../host.ts'
import { type FormData, formDataEntries } from './form-data.ts'

export interface EncodedForm {
  readonly bytes: Uint8Array
  readonly contentType: string
}

/** https://html.spec.whatwg.org/#multipart/form-data-encoding-algorithm */
export function encodeFormData(form: FormData): EncodedForm {
  const boundary = `----skerry-${(callHost(HostOperation.randomUuid, 0) as string).replaceAll('-', '')}`
  const parts: Uint8Array[] = []
  // Text between two files is encoded in one go.
  let text = ''
  for (const [name, value] of formDataEntries(form)) {
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withLineBreaks(name))}"`
    if (typeof value === 'string') {
      text += `\r\n\r\n${withLineBreaks(value)}\r\n`
      continue
    }
    text += `; filename="${escapeName(value.name)}"\r\nContent-Type: ${blobType(value) === '' ? 'application/octet-stream' : blobType(value)}\r\n\r\n`
    parts.push(encodeUtf8(text), blobBytes(value))
    text = '\r\n'
  }
  parts.push(encodeUtf8(`${text}--${boundary}--\r\n`))
  return { bytes: joinBytes(parts), contentType: `multipart/form-data; boundary=${boundary}` }
}

/** https://html.spec.whatwg.org/#escape-a-multipart-form-data-name */
function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
}

/** Every line break as CR LF. */
function withLineBreaks(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, '\r\n')
}
