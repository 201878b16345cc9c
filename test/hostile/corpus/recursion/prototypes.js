// Each asks the next, and then the platform has to ask all of them.
export default {
  fetch() {
    let object = new Proxy({}, { getPrototypeOf: () => object })
    for (let depth = 0; depth < 1e5; depth++) object = Object.create(object)
    const init = object
    return new Response('contained', { status: init.status ?? 200 })
  },
}
