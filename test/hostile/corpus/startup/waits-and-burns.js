// Waits at its top level, and uses up its time turn by turn.
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 1))
  for (let n = 0; n < 2e6; n++) Math.sqrt(n)
}
export default {}
