// An array by its length alone.
export default {
  fetch() {
    return new Response(String(Array.from({ length: 4e9 }).length))
  },
}
