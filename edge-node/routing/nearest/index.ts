/**
 * Nearest, as the edge uses it. The function itself lives in the neutral folder `geography`, because the SDK ranks nodes by the
 * same rule and may not import from the edge.
 */
export { type Coordinates, findRegion, NodeIndex, parseCoordinates, type RankOptions, rankNodes, type RoutableNode } from '../../../geography/index.ts'
