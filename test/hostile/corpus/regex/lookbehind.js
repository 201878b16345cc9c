// The same, backwards, under the flag for sets.
export default {
  fetch() {
    return new Response(String(/(?<=^!(?:[\p{L}--[b]]+)+)c/v.test(`${'a'.repeat(60)}c`)))
  },
}
