// Objects whose weight lies in a library's own memory.
export default {
  fetch() {
    const kept = []
    for (let n = 0; ; n++) kept.push(new Intl.DateTimeFormat(['en', 'de', 'ja', 'ar'][n % 4], { dateStyle: 'full', timeStyle: 'long' }), new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }))
  },
}
