// Each stands before the next.
export default {
  fetch() {
    let proxy = {}
    for (let depth = 0; depth < 2e5; depth++) proxy = new Proxy(proxy, {})
    return new Response(String(proxy.missing))
  },
}
