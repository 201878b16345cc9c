// The platform walks over what has no end.
export default {
  fetch() {
    const pairs = {
      *[Symbol.iterator]() {
        for (;;) yield ['a', 'b']
      },
    }
    return new Response('never', { headers: new Headers(new URLSearchParams(pairs)) })
  },
}
