// Calls itself.
export default {
  fetch() {
    const descend = () => 1 + descend()
    return new Response(String(descend()))
  },
}
