// Few lines, each as long as a string can be.
export default {
  fetch() {
    const giant = 'x'.repeat(5e8)
    for (let line = 0; line < 50; line++) console.error(giant, { giant }, [giant, giant])
    return new Response('contained')
  },
}
