// No doubling, and too much all the same: the cube of a long text.
export default {
  fetch() {
    return new Response(String(/\s*\s*\s*x/.test(' '.repeat(50_000))))
  },
}
