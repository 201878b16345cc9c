// Shows what is nested, and contains itself.
export default {
  fetch() {
    let value = {}
    const first = value
    for (let depth = 0; depth < 1e5; depth++) value = { value, first, map: new Map([[value, value]]) }
    first.last = value
    console.log(value, new Proxy(value, {}))
    return new Response('contained')
  },
}
