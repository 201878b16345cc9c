// A large array without holes.
export default {
  fetch() {
    return new Response(String(new Array(1e8).fill(1.1).length))
  },
}
