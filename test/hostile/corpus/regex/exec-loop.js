// A match that is empty never moves on.
export default {
  fetch() {
    const expression = /(?:)/g
    let matches = 0
    while (expression.exec('text') !== null) matches++
    return new Response(String(matches))
  },
}
