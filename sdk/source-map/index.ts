export { bundleFileName, createStackMapper, type StackMapper } from './stack-mapper.ts'
