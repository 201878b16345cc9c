import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { runCli } from './run.ts'

async function skerry(line: string): Promise<{ readonly code: number; readonly error: string }> {
  let error = ''
  const code = await runCli(line.split(' '), {
    workingDirectory: '/nowhere', environment: {}, stdin: Readable.from([]), isInteractive: false, hasColors: false,
    writeOut: () => undefined,
    writeError: (text) => {
      error += text
    },
    stopped: AbortSignal.abort(),
  })
  return { code, error }
}

const follow = '--control-plane http://127.0.0.1:9'

test.each([
  [`gateway ${follow} --tls-cert a.crt`, 'as often as each other'], [`edge ${follow} --region fra --redirect-port 80`, 'pass --tls-certificates'],
  [`gateway ${follow} --trusted-proxy 10.0.0.0/33`, 'such as 10.0.0.0/8'], [`edge ${follow} --proxy-protocol balancer`, 'such as 10.0.0.0/8'],
  [`gateway ${follow} --latitude 50`, 'go together'], [`dns ${follow} --longitude 8`, 'go together'],
  [`dns ${follow} --domain http://example.com`, 'such as example.com'], [`control-plane --domain example.com.`, 'such as example.com'],
  [`gateway ${follow}`, 'set SKERRY_INVITATION'], [`dns ${follow} --invitation x`, 'pass --data'], [`control-plane --tls-cert a.crt`, 'pass both'], [`edge ${follow} --token x`, 'pass --region'],
  [`edge ${follow} --public-url fra-1.example.com`, 'without path'], [`edge ${follow} --internal-url http://10.0.0.1/path`, 'without path'],
])('%s is wrong usage', async (line, hint) => {
  const { code, error } = await skerry(line)
  expect(code).toBe(2)
  expect(error).toContain(hint)
})
