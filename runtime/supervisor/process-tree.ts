import { readProcessFile } from './process-file.ts'

/** A process and those below it, itself first; of a cell the last is the one that runs isolates. Throws where `/proc` does not tell. */
export function* processTree(rootPid: number | undefined): Generator<number> {
  const pids = rootPid === undefined ? [] : [rootPid]
  for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
    yield pid
    const children = readProcessFile(`/proc/${pid}/task/${pid}/children`).trim()
    if (children !== '') pids.push(...children.split(' ').map(Number))
  }
}
