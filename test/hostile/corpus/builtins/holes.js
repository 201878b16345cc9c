// Walks over what is not there, to the largest index there can be.
export default {
  fetch() {
    return new Response(String(Array.prototype.indexOf.call({ length: Number.MAX_SAFE_INTEGER }, 1)))
  },
}
