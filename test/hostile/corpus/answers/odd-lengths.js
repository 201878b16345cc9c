// Lengths that are none.
export default {
  fetch() {
    const headers = new Headers()
    for (const value of ['-1', '0x10', '1e3', '99999999999999999999', '8, 8', '']) headers.append('content-length', value)
    return new Response('contained', { headers })
  },
}
