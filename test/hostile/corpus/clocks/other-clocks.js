// Clocks that are not called so: events, files, marks, formatters.
export default {
  async fetch() {
    const read = {
      event: () => new Event('x').timeStamp, file: () => new File([], 'x').lastModified, mark: () => performance.mark('m').startTime, format: () => new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3, second: 'numeric' }).format(),
      text: () => Date(), constructed: () => Number(Reflect.construct(Date, [])), zone: () => new Intl.DateTimeFormat('en', { minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 }).formatToParts().map(({ value }) => value).join(''),
      temporal: () => globalThis.Temporal?.Now.instant().epochMilliseconds ?? 0,
    }
    const moving = []
    const before = Object.entries(read).map(([name, clock]) => [name, clock()])
    let sum = 0
    for (let n = 0; n < 2e7; n++) sum += n % 7
    for (const [name, value] of before) if (read[name]() !== value) moving.push(name)
    return new Response(sum > 0 && moving.length === 0 ? 'contained' : moving.join())
  },
}
