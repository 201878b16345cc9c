// Says that it waits for nothing, and does.
let isReady = false
await null
isReady = true
export default {
  fetch() {
    return new Response(isReady ? 'contained' : 'too early')
  },
}
//# evaluation=synchronous
