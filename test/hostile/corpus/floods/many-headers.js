// As many headers as fit.
export default {
  fetch() {
    const headers = new Headers()
    for (let n = 0; n < 20_000; n++) headers.append(`x-${n}`, 'x')
    return new Response('x', { headers })
  },
}
