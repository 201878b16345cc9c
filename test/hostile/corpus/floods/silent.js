// A head, and then nothing.
export default {
  fetch() {
    return new Response(new ReadableStream({}))
  },
}
