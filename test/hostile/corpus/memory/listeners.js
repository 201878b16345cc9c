// Signals that hold on to each other.
export default {
  fetch() {
    let signal = new AbortController().signal
    for (;;) {
      signal.addEventListener('abort', () => {})
      signal = AbortSignal.any([signal, new AbortController().signal])
    }
  },
}
