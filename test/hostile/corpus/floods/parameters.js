// Parameters, a pair at a time, each of which makes the address anew.
export default {
  fetch() {
    const url = new URL('http://a.test/')
    for (let n = 0; ; n++) url.searchParams.append(`name ${n}`, 'value')
  },
}
