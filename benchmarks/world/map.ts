import type { Coordinates } from '../../geography/index.ts'
import { element, polyline, text } from '../report/svg.ts'
import { pictureStyle } from '../scale/document/picture-style.ts'
import { land } from './land.ts'

/** The people of one place and who answers them. */
export interface MappedPlace extends Coordinates {
  /** Thousands of people. */
  readonly population: number
  /** Where most of them are answered; undefined where nobody answers. */
  readonly answeredAt: Coordinates | undefined
  /** Mean round trip above the best, in ms. */
  readonly extraMs: number
}

export interface MappedSite extends Coordinates {
  readonly name: string
  readonly state: 'serving' | 'full' | 'gone'
}

export interface MapContent {
  readonly title: string
  readonly subtitle: string
  readonly places: readonly MappedPlace[]
  readonly sites: readonly MappedSite[]
}

const size = { width: 960, height: 600 } as const
const map = { left: 16, top: 68, width: 928, height: 468 } as const
/** Beyond there live too few to draw. */
const southernmost = -57
const northernmost = 76
const hues = 11
/** Upper bounds of what is above the best, in ms, with the class of each; the last is without bound. */
const classes = [
  { below: 0.005, name: 'best', label: 'none' }, { below: 1, name: 'near', label: 'within 1 ms' }, { below: 10, name: 'far', label: 'within 10 ms' },
  { below: 30, name: 'farther', label: 'within 30 ms' }, { below: Number.POSITIVE_INFINITY, name: 'farthest', label: 'further' },
] as const

const style = `
:root { --sea: #f3f6fa; --land: #dde2ea; --best: #0f8a66; --near: #8dbb3f; --far: #e0a800; --farther: #dd6b12; --farthest: #c81e3a }
@media (prefers-color-scheme: dark) {
  :root { --sea: #12161d; --land: #262d39; --best: #2fbf92; --near: #a6d052; --far: #f0c033; --farther: #ff8f3d; --farthest: #ff5470 }
}
.sea { fill: var(--sea) } .land { fill: var(--land); stroke: none } .meridian { stroke: var(--faint); stroke-width: 0.5; fill: none }
.way { fill: none; stroke-width: 1; stroke-opacity: 0.55 }
.place { stroke: var(--card); stroke-width: 0.6; fill-opacity: 0.9 }
${classes.map(({ name }) => `.${name} { fill: var(--${name}) }`).join(' ')}
.site { fill: var(--card); stroke: var(--ink); stroke-width: 2 } .full { stroke: var(--farthest); stroke-width: 3 } .gone { stroke: var(--farthest); stroke-width: 2.5; fill: none }
.name { font-size: 11.5px; font-weight: 600; fill: var(--ink) }
`

/**
 * Who is sent where: a line in the colour of the node from each place to the node that answers most of its people, a dot in the colour of how much
 * further that is than the best, a ring for each node.
 */
export function drawMap({ title, subtitle, places, sites }: MapContent): string {
  const hueOf = new Map(sites.map(({ name }, index) => [name, ((index * 4) % hues) * (360 / hues)]))
  const siteAt = (at: Coordinates): MappedSite | undefined => sites.find(({ latitude, longitude }) => latitude === at.latitude && longitude === at.longitude)
  const ways = places.flatMap((place) => {
    const site = place.answeredAt === undefined ? undefined : siteAt(place.answeredAt)
    return site === undefined ? [] : way(place, site, `hsl(${hueOf.get(site.name) ?? 0} 60% 50%)`)
  })
  const dots = places.toSorted((left, right) => right.population - left.population).map((place) => {
    const { x, y } = project(place)
    const { name } = classes.find(({ below }) => place.extraMs < below) ?? classes[4]
    return element('circle', { class: `place ${place.answeredAt === undefined ? 'farthest' : name}`, cx: x, cy: y, r: 1.4 + Math.sqrt(place.population) / 26 })
  })
  return `${element('svg', { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: 'img' },
    element('title', {}, title), element('style', {}, pictureStyle + style),
    element('clipPath', { id: 'map' }, element('rect', { x: map.left, y: map.top, width: map.width, height: map.height, rx: 6 })),
    element('rect', { class: 'card', x: 0.5, y: 0.5, width: size.width - 1, height: size.height - 1, rx: 10 }),
    text(20, 30, title, { class: 'title' }), text(20, 52, subtitle),
    element('g', { 'clip-path': 'url(#map)' }, element('rect', { class: 'sea', x: map.left, y: map.top, width: map.width, height: map.height }),
      ...meridians(), ...land.map(outline), ...ways, ...dots, ...sites.flatMap(markSite)),
    ...legend())}\n`
}

/** Over the edge of the map where that is the shorter way. */
function way(place: MappedPlace, site: MappedSite, stroke: string): string[] {
  const [from, to] = [project(place), project(site)]
  const over = Math.abs(from.x - to.x) <= map.width / 2 ? 0 : from.x < to.x ? map.width : -map.width
  const line = (dx: number, dxTo: number): string => polyline([[from.x + dx, from.y], [to.x + dxTo, to.y]], { class: 'way', stroke })
  return over === 0 ? [line(0, 0)] : [line(over, 0), line(0, -over)]
}

function markSite(site: MappedSite): string[] {
  const { x, y } = project(site)
  const cross = [[[x - 5, y - 5], [x + 5, y + 5]], [[x - 5, y + 5], [x + 5, y - 5]]] as const
  const mark = site.state === 'gone'
    ? cross.map((ends) => polyline(ends, { class: 'gone' }))
    : [element('circle', { class: site.state === 'full' ? 'site full' : 'site', cx: x, cy: y, r: 4.5 })]
  return [...mark, text(x + 7, y + 4, site.name, { class: 'name halo' })]
}

function outline(ring: (typeof land)[number]): string {
  const points = ring.map(([longitude, latitude]) => project({ longitude, latitude })).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
  return element('polygon', { class: 'land', points: points.join(' ') })
}

function meridians(): string[] {
  const lines: string[] = []
  for (let longitude = -150; longitude <= 150; longitude += 30) {
    const { x } = project({ latitude: 0, longitude })
    lines.push(polyline([[x, map.top], [x, map.top + map.height]], { class: 'meridian' }))
  }
  for (let latitude = -30; latitude <= 60; latitude += 30) {
    const { y } = project({ latitude, longitude: 0 })
    lines.push(polyline([[map.left, y], [map.left + map.width, y]], { class: 'meridian' }))
  }
  return lines
}

function legend(): string[] {
  const y = size.height - 40
  const parts = [text(20, y + 4, 'Above the best node:', { class: 'label' })]
  let x = 176
  for (const { name, label } of classes) {
    parts.push(element('circle', { class: `place ${name}`, cx: x, cy: y, r: 5.5 }), text(x + 10, y + 4, label))
    x += 28 + label.length * 6.4
  }
  x = 616
  for (const [kind, label] of [['site', 'node'], ['site full', 'node beyond its capacity']] as const) {
    parts.push(element('circle', { class: kind, cx: x, cy: y, r: 4.5 }), text(x + 10, y + 4, label))
    x += 30 + label.length * 6.4
  }
  parts.push(polyline([[x - 4, y - 4], [x + 4, y + 4]], { class: 'gone' }), polyline([[x - 4, y + 4], [x + 4, y - 4]], { class: 'gone' }), text(x + 10, y + 4, 'node gone'))
  return [...parts, text(20, y + 24, 'Dots are cities, by the number of their people; lines lead to the node that answers most of them. Land is drawn coarsely.')]
}

/** Longitude and latitude as they stand: nothing is to be measured on this map. */
function project({ latitude, longitude }: Coordinates): { readonly x: number; readonly y: number } {
  return {
    x: map.left + ((longitude + 180) / 360) * map.width,
    y: map.top + ((northernmost - latitude) / (northernmost - southernmost)) * map.height,
  }
}
