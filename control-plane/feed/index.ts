export { AcknowledgementBoard, type AcknowledgementListener } from './acknowledgement-board.ts'
export { Feed, type FeedOptions, type FeedPosition } from './feed.ts'
export { type ConnectedNode, NodeDirectory, type ToldOfFunction } from './node-directory.ts'
