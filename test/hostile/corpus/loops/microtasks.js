// A job that queues itself: the turn's call returns, its jobs never end.
export default {
  fetch() {
    const again = () => queueMicrotask(again)
    again()
    return new Promise(() => {})
  },
}
