// By way of what stands for Node's modules, and of shared symbols.
export default {
  fetch(request, env) {
    const shared = globalThis[Symbol.for('skerry.environment')]
    const keys = Object.keys(shared ?? {}).toSorted().join()
    const own = Object.keys(env).toSorted().join()
    const text = JSON.stringify([shared, env, request.skerry, [...request.headers]])
    return new Response(keys === own && !/secret|SKERRY_|\/work|\/home|\/root|token/i.test(text) ? 'contained' : text)
  },
}
