// Takes all memory there is before it serves.
const kept = []
for (;;) kept.push(new Array(1e5).fill(kept.length))
export default {}
