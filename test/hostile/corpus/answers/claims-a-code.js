// An error that claims to be the node's.
export default {
  fetch() {
    throw Object.assign(new TypeError('forged'), { code: 'overloaded', status: 200, limit: 1, used: 2 })
  },
}
