// Answers, and never reads the body that comes.
export default {
  fetch(request) {
    return new Response(request.body === null ? 'no body' : 'contained')
  },
}
