/** A picture stands in a page of somebody else: it brings its background along, and the colours of the benchmark's page for light and dark. */
export const pictureStyle = `
:root { --card: #ffffff; --ink: #1c212b; --muted: #5b6472; --faint: #dfe3e9; --fainter: #eff1f4; --series-1: #0069b4; --series-2: #b84f00; --series-3: #007a5e }
@media (prefers-color-scheme: dark) {
  :root { --card: #181c24; --ink: #e6e9ef; --muted: #99a2b1; --faint: #2f3643; --fainter: #222834; --series-1: #4fb0f5; --series-2: #ff9447; --series-3: #35c79f }
}
.card { fill: var(--card); stroke: var(--faint) }
text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--muted) }
.title { font-size: 16px; font-weight: 600; fill: var(--ink) }
.label { font-weight: 600 }
.halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round }
.strong { fill: var(--ink) }
.grid { stroke: var(--faint) }
.minor { stroke: var(--fainter) }
.axis { stroke: var(--muted) }
.mark { stroke: var(--ink); stroke-dasharray: 4 3 }
.curve { fill: none; stroke-width: 2.25; stroke-linejoin: round }
.dot { stroke: var(--card); stroke-width: 1.5 }
${[1, 2, 3].map((index) => `.stroke-series-${index} { stroke: var(--series-${index}) } .fill-series-${index} { fill: var(--series-${index}) }`).join('\n')}
`
