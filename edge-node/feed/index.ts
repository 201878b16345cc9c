export { Applier, type ApplierOptions } from './applier.ts'
export { FeedFollower, type FeedFollowerOptions } from './feed-follower.ts'
export { type FeedPosition, NodeState, type NodeStateOptions } from './node-state.ts'
export { createStateSeal, type StateSeal } from './state-seal.ts'
