export { type AdminServerOptions, createAdminServer } from './admin-server.ts'
export { closeServer, listen } from './listening.ts'
