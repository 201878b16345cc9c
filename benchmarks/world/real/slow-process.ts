const periodMs = 40

/** Stops and continues a process again and again, so that it runs for a share of the time: a machine so much slower. Continued for good by `end`. */
export function slowDown(processId: number, share: number): { end(): void } {
  let timer: NodeJS.Timeout | undefined
  let isRunning = true
  const turn = (): void => {
    isRunning = !isRunning
    try {
      process.kill(processId, isRunning ? 'SIGCONT' : 'SIGSTOP')
    } catch {
      // It is gone: nothing is left to slow down.
      return
    }
    timer = setTimeout(turn, isRunning ? periodMs * share : periodMs * (1 - share))
  }
  turn()
  return {
    end: () => {
      clearTimeout(timer)
      if (!isRunning) turn()
      clearTimeout(timer)
    },
  }
}
