export { type DevFunction, type DevOptions, type DevServer, type Reload, startDevServer } from './dev-server.ts'
