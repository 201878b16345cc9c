import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where Chromium is; undefined where it is not installed. */
export const chromiumPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'chromium')).find((path) => existsSync(path))

export interface Page {
  close(): Promise<void>
}

/**
 * Opens a page in a headless Chromium with a profile of its own. Of names it knows those of `hosts` only, so that nothing leaves loopback.
 *
 * @param hosts addresses with ports by patterns of names, the first that matches counts
 */
export async function openPage(url: string, hosts: Readonly<Record<string, string>>): Promise<Page> {
  if (chromiumPath === undefined) throw new Error('chromium is not installed')
  const profile = await mkdtemp(join(tmpdir(), 'skerry-chromium-'))
  const rules = [...Object.entries(hosts).map(([pattern, address]) => `MAP ${pattern} ${address}`), 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1']
  const child: ChildProcess = spawn(chromiumPath, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-extensions', '--no-proxy-server', '--mute-audio', `--user-data-dir=${profile}`, `--host-resolver-rules=${rules.join(',')}`,
    // Kept running by the port, until it is killed.
    '--remote-debugging-port=0', url,
  ], { stdio: 'ignore', detached: true })
  return {
    close: async () => {
      if (child.pid === undefined || child.exitCode !== null) return
      const exited = once(child, 'exit')
      // It has children of its own.
      process.kill(-child.pid, 'SIGKILL')
      await exited
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
