// Looks for the values of others in everything that can be reached.
export default {
  fetch(request, env) {
    const visited = new Set()
    const found = []
    const visit = (value, path, depth) => {
      if (typeof value === 'string' && value.includes('the-secret-of')) found.push(path)
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || visited.has(value) || depth > 8) return
      visited.add(value)
      for (const key of Reflect.ownKeys(value)) {
        try {
          visit(value[key], `${path}.${String(key)}`, depth + 1)
        } catch {
          continue
        }
      }
      visit(Object.getPrototypeOf(value), `${path}.__proto__`, depth + 1)
    }
    visit(globalThis, 'global', 0)
    visit(env, 'env', 0)
    visit(request, 'request', 0)
    visit(request.skerry, 'request.skerry', 0)
    return new Response(visited.size > 500 && found.length === 0 ? 'contained' : `${visited.size} ${found}`)
  },
}
