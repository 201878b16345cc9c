// A thousand cookies, some of them for everybody.
export default {
  fetch() {
    const headers = new Headers()
    for (let n = 0; n < 1_000; n++) headers.append('set-cookie', `c${n}=${n}; Domain=${n % 2 === 0 ? 'localhost' : '.localhost'}; Path=/`)
    return new Response('contained', { headers })
  },
}
