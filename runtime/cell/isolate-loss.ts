import type { IsolateLoss } from '../bridge/index.ts'

/** Why an isolate is gone whose memory limit the engine enforced in a turn of request `exchange` (0: of none). */
export function memoryLoss(exchange: number, memoryMb: number): IsolateLoss {
  return {
    code: 'memory_limit_exceeded',
    message: `The function used more than ${memoryMb} MB of memory`,
    exchange,
    limit: memoryMb,
    used: memoryMb,
  }
}

/** Why an isolate is gone whose turn was cut: it used its CPU time up, or the machine gave it none. */
export function timeLoss(exchange: number, usedMicros: number, cpuMs: number): IsolateLoss {
  const used = Math.round(usedMicros / 1_000)
  if (used < cpuMs) return { code: 'overloaded', message: 'The machine gave the function too little time to finish', exchange }
  return { exchange, ...cpuOverrun(usedMicros, cpuMs) }
}

/** What a request is refused with that used more CPU time than its limit. */
export function cpuOverrun(usedMicros: number, cpuMs: number): Omit<IsolateLoss, 'exchange'> {
  const used = Math.round(usedMicros / 1_000)
  return { code: 'cpu_limit_exceeded', message: `The request used ${used} ms of CPU; the limit is ${cpuMs} ms`, limit: cpuMs, used }
}
