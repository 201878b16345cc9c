// Formats by calendars that are rarely asked for.
export default {
  fetch() {
    for (let n = 0; ; n++) new Date(n).toLocaleString('fa-IR-u-ca-persian-nu-arab', { timeZone: 'Asia/Kathmandu', dateStyle: 'full' })
  },
}
