// A single call that makes more strings than there is room for.
export default {
  fetch() {
    return new Response(String('ab'.repeat(2e8).split('').length))
  },
}
