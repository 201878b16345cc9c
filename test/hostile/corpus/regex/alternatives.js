// Two ways to read each character, and a reference to what was read.
export default {
  fetch() {
    return new Response(String(/^(?:(a|a)*)\1$/.test(`${'a'.repeat(60)}!`)))
  },
}
