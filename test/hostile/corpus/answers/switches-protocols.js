// A status that says that the connection is something else from now on.
export default {
  fetch() {
    const ways = [() => new Response(null, { status: 101 }), () => new Response(null, { status: 100 }), () => Object.defineProperty(new Response('x'), 'status', { value: 101 })]
    for (const way of ways) {
      try {
        const answer = way()
        if (answer.status === 101 && way === ways[2]) return answer
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
    return new Response('contained')
  },
}
