export { defaultNatsName, type NatsOptions } from './nats-options.ts'
