// What the platform makes for failures, handed on as an answer.
export default {
  fetch() {
    return Response.error()
  },
}
