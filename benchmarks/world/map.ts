import { element, text } from '../report/svg.ts'
import { pictureStyle } from '../scale/document/picture-style.ts'
import type { Second } from './simulate.ts'
import type { Site, World } from './world.ts'

const size = { width: 960, height: 560 } as const
const map = { left: 20, top: 70, width: 920, height: 460 } as const
/** Beyond there live too few to draw. */
const southernmost = -58
const northernmost = 75
const hues = 12

/** Who was sent where: a dot for each place in the colour of the site that answers most of its people, a ring for each site. */
export function drawMap(world: World, second: Second, title: string, subtitle: string): string {
  const sizes = new Map<string, { readonly x: number; readonly y: number; readonly radius: number; readonly demandBySite: Map<Site, number> }>()
  for (const [index, { place, demand }] of world.groups.entries()) {
    const dot = sizes.get(place.name) ?? { ...project(place), radius: 1.2 + Math.sqrt(place.population) / 22, demandBySite: new Map<Site, number>() }
    sizes.set(place.name, dot)
    const site = second.sentTo[index]
    if (site !== undefined) dot.demandBySite.set(site, (dot.demandBySite.get(site) ?? 0) + demand)
  }
  const hueOf = new Map(world.sites.map((site, index) => [site, ((index * 5) % hues) * (360 / hues)]))
  const dots = [...sizes.values()].map(({ x, y, radius, demandBySite }) => {
    const [first] = [...demandBySite].toSorted((left, right) => right[1] - left[1])
    return element('circle', { class: 'place', cx: x, cy: y, r: radius, fill: `hsl(${first === undefined ? 0 : hueOf.get(first[0]) ?? 0} 65% 50%)` })
  })
  const rings = world.sites.flatMap((site) => {
    const { x, y } = project(site)
    return [
      element('circle', { class: 'site', cx: x, cy: y, r: 5, stroke: `hsl(${hueOf.get(site) ?? 0} 65% 45%)` }),
      text(x + 7, y + 4, site.name, { class: 'halo strong' }),
    ]
  })
  return `${element('svg', {
    xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: 'img',
  }, element('title', {}, title), element('style', {}, `${pictureStyle}.place { fill-opacity: 0.75 }\n.site { fill: var(--card); stroke-width: 2.5 }\n.halo { font-size: 11px }\n`),
  element('rect', { class: 'card', x: 0.5, y: 0.5, width: size.width - 1, height: size.height - 1, rx: 10 }),
  text(24, 32, title, { class: 'title' }), text(24, 52, subtitle), ...dots, ...rings)}\n`
}

/** Longitude and latitude as they stand: nothing is to be measured on this map. */
function project({ latitude, longitude }: { readonly latitude: number; readonly longitude: number }): { readonly x: number; readonly y: number } {
  return {
    x: map.left + ((longitude + 180) / 360) * map.width,
    y: map.top + ((northernmost - latitude) / (northernmost - southernmost)) * map.height,
  }
}
