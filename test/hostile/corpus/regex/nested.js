// Each further character doubles the ways to fail.
export default {
  fetch() {
    return new Response(String(/^(a+)+$/.test(`${'a'.repeat(60)}!`)))
  },
}
