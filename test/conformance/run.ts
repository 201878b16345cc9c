import type { FileOutcome } from './outcome.ts'
import { assembleProgram } from './program.ts'
import type { ConformanceRuntime, RuntimeName } from './runtimes/runtime.ts'
import type { TestFile } from './test-file.ts'
import type { WptServer } from './wpt-server.ts'

export type Outcomes = ReadonlyMap<RuntimeName, FileOutcome>

/** Runs the files in each runtime, several at a time; calls back as each file is done, in any order. */
export async function runFiles(
  server: WptServer,
  runtimes: readonly ConformanceRuntime[],
  files: readonly TestFile[],
  onFile: (file: TestFile, outcomes: Outcomes) => void,
): Promise<void> {
  const waiting = [...files]
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const program = await assembleProgram(server, file)
      const outcomes = new Map<RuntimeName, FileOutcome>()
      for (const runtime of runtimes) outcomes.set(runtime.name, await runtime.run(program))
      onFile(file, outcomes)
    }
  }
  await Promise.all(Array.from({ length: Math.min(...runtimes.map(({ concurrency }) => concurrency)) }, work))
}
