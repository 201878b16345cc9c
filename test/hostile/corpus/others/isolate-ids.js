// Guesses ids of exchanges that are under way elsewhere, by way of patched tables.
export default {
  async fetch(request, env) {
    const { get, has } = Map.prototype
    Map.prototype.get = function (key) {
      return apply(get, this, [key]) ?? (typeof key === 'number' ? apply(get, this, [key + 2]) : undefined)
    }
    const { apply } = Reflect
    Map.prototype.has = function (key) {
      return typeof key === 'number' || apply(has, this, [key])
    }
    for (let n = 0; n < 20; n++) console.log('to whom')
    const texts = await Promise.all(Array.from({ length: 6 }, () => fetch(env.ORIGIN).then((answer) => answer.text(), () => 'refused')))
    return new Response(texts.every((text) => text === 'open' || text === 'refused') ? 'contained' : texts.join())
  },
}
