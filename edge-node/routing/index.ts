export { startGateway, type Gateway, type GatewayOptions } from './gateway/index.ts'
export { openPlaceFinder, type Place, type PlaceFinder, type PlaceFinderOptions } from './place/index.ts'
