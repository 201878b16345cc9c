// What it passes to waitUntil never ends.
export default {
  fetch(request, env, context) {
    for (let n = 0; n < 1_000; n++) context.waitUntil(new Promise(() => {}))
    return new Response('answered')
  },
}
