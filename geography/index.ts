/** Where things are and who is nearest. A neutral leaf: imports nothing, so nodes, gateway, DNS and SDK all rank alike. */
export { countryCodes, findCountry } from './countries.ts'
export { type Coordinates, distanceKm, isValidCoordinates, parseCoordinates } from './distance.ts'
export { NodeIndex } from './node-index.ts'
export { type RankOptions, rankNodes, type RoutableNode } from './rank-nodes.ts'
export { findRegion, type Region, regionCodes } from './regions.ts'
export { RememberedNodes } from './remembered-nodes.ts'
export { fractionOf } from './rendezvous.ts'
