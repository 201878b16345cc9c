// Holds on to what belongs to a request that is over.
let kept
export default {
  async fetch(request, env, context) {
    if (kept === undefined) {
      kept = { request, context, response: fetch(env.SELF).then((response) => response.text()) }
      const inner = await kept.response
      return new Response(inner)
    }
    // A request inside the first: uses what belongs to the other, whose turn it is not.
    const outcomes = []
    const { request: other, context: otherContext } = kept
    for (const use of [() => otherContext.waitUntil(Promise.resolve()), () => other.clone(), () => Object.getPrototypeOf(otherContext).waitUntil.call({}, Promise.resolve()), () => Response.prototype.text.call(other)]) {
      try {
        await use()
        outcomes.push('used')
      } catch (error) {
        outcomes.push(error.constructor.name)
      }
    }
    return new Response(outcomes.slice(2).every((outcome) => outcome === 'TypeError') ? 'contained' : outcomes.join())
  },
}
