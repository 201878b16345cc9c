import { watch } from 'chokidar'
import { basename } from 'node:path'

export interface ProjectWatcher {
  /** Resolves when changes from now on are seen. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

const ignoredFolders = new Set(['node_modules', '.git', '.skerry', 'dist', 'coverage'])
/** Editors write a file in several steps; a reload should see the last. */
const quietMs = 15

/**
 * Calls `onChange` after something in the project's folder changed and then was quiet for a moment. Never twice at a time: changes
 * while it runs lead to one more call.
 */
export function watchProject(directory: string, onChange: () => Promise<void>): ProjectWatcher {
  const watcher = watch(directory, {
    ignoreInitial: true,
    ignored: (path) => path !== directory && ignoredFolders.has(basename(path)),
  })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let isQueued = false
  const afterwards = async (before: Promise<void>): Promise<void> => {
    await before
    isQueued = false
    await onChange()
  }
  const run = (): void => {
    if (isQueued) return
    isQueued = true
    running = afterwards(running)
  }
  watcher.on('all', () => {
    clearTimeout(timer)
    timer = setTimeout(run, quietMs)
  })
  const ready = new Promise<void>((resolve) => {
    watcher.on('ready', resolve)
  })
  return {
    ready,
    async close() {
      clearTimeout(timer)
      await watcher.close()
      await running
    },
  }
}
