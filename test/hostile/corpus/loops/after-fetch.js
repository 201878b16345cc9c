// Goes on in a turn that an answer from outside began.
export default {
  async fetch(request, env) {
    await fetch(env.ORIGIN)
    for (;;);
  },
}
