import { Agent, request } from 'undici'
import { ControlPlaneUrls } from '../../control-plane/protocol/index.ts'
import type { CallControlPlane } from './membership.ts'
import { isOfOneReplica, refusalOf, unreachableError } from './refusal.ts'

const callTimeoutMs = 5_000

/** Single calls to the control plane, for joining and renewing, each over a connection of its own. @param ca PEM of the authorities to trust instead of the usual */
export function createControlPlaneCall(url: string, ca?: string): CallControlPlane {
  const urls = new ControlPlaneUrls(url)
  return (method, path, token, body) => urls.call((one) => callOne(one, ca, method, path, token, body), isOfOneReplica)
}

async function callOne(url: string, ca: string | undefined, ...[method, path, token, body]: Parameters<CallControlPlane>): Promise<unknown> {
  const dispatcher = new Agent({ connect: { timeout: callTimeoutMs, ...(ca === undefined ? {} : { ca }) } })
  try {
    const response = await request(new URL(path, url), {
      method, dispatcher, headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw unreachableError(url, cause)
    })
    if (response.statusCode >= 300) throw await refusalOf(method, path, response)
    return await response.body.json()
  } finally {
    await dispatcher.destroy()
  }
}
