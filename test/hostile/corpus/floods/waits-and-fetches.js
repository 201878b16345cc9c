// Goes on making requests after its answer.
export default {
  fetch(request, env, context) {
    const again = async () => {
      for (;;) await fetch(env.ORIGIN).catch(() => new Promise((resolve) => setTimeout(resolve, 1)))
    }
    context.waitUntil(again())
    return new Response('answered')
  },
}
