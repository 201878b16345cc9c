// Each request makes as many as it may: a tree of fifty to the eighth.
export default {
  async fetch(request, env) {
    const branches = Array.from({ length: 50 }, () => fetch(env.SELF).then((response) => response.arrayBuffer()).catch(() => {}))
    await Promise.all(branches)
    return new Response('contained')
  },
}
