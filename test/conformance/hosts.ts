import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lookup } from 'node:dns/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Host names that tests use; they have to lead to 127.0.0.1. @see https://web-platform-tests.org/running-tests/from-local-system.html */
const hostNames = ['web-platform.test', 'not-web-platform.test'].flatMap((host) => [host, ...['www', 'www1', 'www2', 'xn--n8j6ds53lwwkrqhv28a', 'xn--lve-6lad'].map((part) => `${part}.${host}`)])
const insideVariable = 'SKERRY_CONFORMANCE_HOSTS'

export async function hostsResolve(): Promise<boolean> {
  return lookup('www1.web-platform.test').then(({ address }) => address === '127.0.0.1', () => false)
}

/**
 * Runs this process's command again where the names resolve: in a mount namespace with a hosts file of its own, so that the machine's stays
 * as it is. Answers with its exit code, or undefined where that can not be had (no Linux, no privilege).
 */
export async function runWithHosts(): Promise<number | undefined> {
  if (process.platform !== 'linux' || process.env[insideVariable] !== undefined) return undefined
  const directory = await mkdtemp(join(tmpdir(), 'skerry-conformance-hosts-'))
  const file = join(directory, 'hosts')
  await writeFile(file, ['127.0.0.1 localhost', ...hostNames.map((name) => `127.0.0.1 ${name}`), ''].join('\n'))
  const command = 'mount --bind "$0" /etc/hosts || exit 125; exec "$@"'
  const privileges = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const child = spawn('unshare', ['--mount', ...privileges, 'sh', '-c', command, file, process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [insideVariable]: '1' },
  })
  const [code] = (await once(child, 'close')) as [number | null]
  await rm(directory, { recursive: true, force: true })
  return code === 125 ? undefined : (code ?? 1)
}
