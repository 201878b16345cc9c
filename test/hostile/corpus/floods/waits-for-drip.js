// Reads a body that comes a byte at a time, and keeps the request as long as it lasts.
export default {
  async fetch(request) {
    return new Response(await request.text())
  },
}
