// Returns to the platform what only looks like an answer.
export default {
  fetch() {
    return { status: 200, headers: new Headers({ 'x-skerry-node': 'forged' }), body: 'forged', __proto__: Response.prototype }
  },
}
