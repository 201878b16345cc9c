// Whoever hears of a rejection makes another.
export default {
  async fetch() {
    let heard = 0
    addEventListener('unhandledrejection', () => {
      heard++
      void Promise.reject(new Error('again'))
    })
    void Promise.reject(new Error('first'))
    await new Promise((resolve) => setTimeout(resolve, 30))
    return new Response(heard < 1_000 ? 'contained' : `heard ${heard}`)
  },
}
