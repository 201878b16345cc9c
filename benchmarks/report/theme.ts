import type { PeerName } from '../peers/peer.ts'

/** Colours that people with any colour vision tell apart (after Okabe and Ito); the reference is grey. Class names, which the style sheet colours. */
export const peerClasses: Readonly<Record<PeerName, string>> = {
  'skerry': 'series-1',
  'workerd': 'series-2',
  'deno': 'series-3',
  'node-http': 'series-4',
}

/** For cases that stand beside each other in one picture. */
export const caseClasses: readonly string[] = ['series-1', 'series-5']

/** Every picture is drawn once for each, in CSS pixels, and the style sheet shows the one that fits. */
export const chartWidths = { wide: 520, narrow: 344 } as const

export const styleSheet = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1c212b; --muted: #5b6472; --faint: #dfe3e9; --fainter: #eff1f4;
  --good: #0a7d4f; --good-back: #e0f3ea; --bad: #b3361b; --bad-back: #fbe7e1;
  --series-1: #0069b4; --series-2: #d55e00; --series-3: #00896a; --series-4: #858c98; --series-5: #9a5bb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101319; --card: #181c24; --ink: #e6e9ef; --muted: #99a2b1; --faint: #2f3643; --fainter: #222834;
    --good: #4cd196; --good-back: #14352a; --bad: #ff9272; --bad-back: #40221b;
    --series-1: #4fb0f5; --series-2: #ff9447; --series-3: #35c79f; --series-4: #9aa3b2; --series-5: #cf9be0;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 1160px; margin: 0 auto; padding: 32px 20px 48px }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -.02em }
h2 { margin: 0; font-size: 20px; letter-spacing: -.01em }
h3 { margin: 0; font-size: 14px; font-weight: 600 }
p { margin: 6px 0 0; color: var(--muted) }
a { color: inherit }
code { font-size: .92em }
section { margin-top: 18px; padding: 20px 22px 22px; background: var(--card); border: 1px solid var(--faint); border-radius: 12px }
.notice { color: var(--bad) }
.aims { margin: 14px 0 0; padding: 0; list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 1px 28px }
.aims li { display: grid; grid-template-columns: 22px 1fr auto; gap: 0 6px; padding: 6px 0; border-bottom: 1px solid var(--fainter); font-size: 14px }
.aims a { text-decoration: none }
.aims small { grid-column: 2 / 4; color: var(--muted); font-size: 12.5px; line-height: 1.35 }
.mark { font-weight: 700 }
.reached { color: var(--good) }
.missed { color: var(--bad) }
.chips { display: flex; flex-wrap: wrap; gap: 6px; margin: 12px 0 0 }
.chip { padding: 2px 10px; border-radius: 999px; font-size: 13px }
.chip.reached { background: var(--good-back) }
.chip.missed { background: var(--bad-back) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 22px 28px; margin-top: 16px }
figure { margin: 0; min-width: 0; max-width: 560px }
.stack { display: grid; gap: 18px; align-content: start; min-width: 0 }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 2px 0 4px; font-size: 12.5px; color: var(--muted) }
.legend i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle }
svg { display: block; width: 100%; height: auto; font-family: inherit }
.narrow { display: none }
@media (max-width: 560px) {
  main { padding: 20px 10px 32px } section { padding: 16px 14px } h1 { font-size: 24px }
  .wide { display: none } .narrow { display: block }
}
svg text { font-size: 12px; fill: var(--muted) }
svg .strong { fill: var(--ink); font-weight: 600 }
svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round }
svg .grid { stroke: var(--faint) }
svg .minor { stroke: var(--fainter) }
svg .axis { stroke: var(--muted) }
svg .curve { fill: none; stroke-width: 2.25; stroke-linejoin: round }
svg .dot { stroke: var(--card); stroke-width: 1.5 }
svg .round { fill: var(--card); stroke: var(--ink) }
svg .goal { stroke-width: 1.5; stroke-dasharray: 4 3 }
svg .goal.reached { stroke: var(--good) }
svg .goal.missed { stroke: var(--bad) }
svg text.reached { fill: var(--good) }
svg text.missed { fill: var(--bad) }
${[1, 2, 3, 4, 5].map((index) => `svg .stroke-series-${index} { stroke: var(--series-${index}) } svg .fill-series-${index} { fill: var(--series-${index}) } i.series-${index} { background: var(--series-${index}) }`).join('\n')}
.scroll { overflow-x: auto; margin-top: 16px }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; font-size: 13.5px; padding-bottom: 4px }
th, td { padding: 5px 0 5px 18px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--fainter) }
th { font-weight: 500; color: var(--muted); font-size: 12.5px }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; min-width: 130px }
footer { margin-top: 22px; font-size: 13px; color: var(--muted) }
`
