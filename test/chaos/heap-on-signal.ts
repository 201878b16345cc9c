/**
 * Loaded into every role of the test: on SIGUSR2 it collects garbage and says what is left, in bytes. Without it, how much a process holds could not be told
 * from what its collector has not got to.
 */
process.on('SIGUSR2', () => {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.stderr.write(`held ${heapUsed + external}\n`)
})
