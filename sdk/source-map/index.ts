export { createStackMapper, type StackMapper } from './stack-mapper.ts'
