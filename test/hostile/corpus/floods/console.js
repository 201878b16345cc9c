// Lines without end.
export default {
  fetch() {
    for (let line = 0; ; line++) console.log(`line ${line}`)
  },
}
