// The same by way of the platform.
export default {
  fetch() {
    const pattern = new URLPattern({ pathname: '/((?:a+)+)b' })
    return new Response(String(pattern.test(`http://a.test/${'a'.repeat(60)}`)))
  },
}
