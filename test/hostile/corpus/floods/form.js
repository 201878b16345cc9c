// A form whose parts are all boundary.
export default {
  async fetch() {
    const body = '--x\r\n'.repeat(500_000)
    const form = await new Response(body, { headers: { 'content-type': 'multipart/form-data; boundary=x' } }).formData()
    return new Response(String([...form].length))
  },
}
