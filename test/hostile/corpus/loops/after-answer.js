// Answers, and goes on in the same turn.
export default {
  fetch(request, env, context) {
    context.waitUntil(Promise.resolve().then(() => {
      for (let n = 0; n < 20; n++) queueMicrotask(() => {})
    }).then(() => new Promise((resolve) => setTimeout(resolve, 5))).then(() => {
      for (;;);
    }))
    return new Response('answered')
  },
}
