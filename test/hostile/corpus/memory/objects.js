// Many small objects, each reachable.
export default {
  fetch() {
    let list
    for (;;) list = { list, text: `${Math.random()}` }
  },
}
