export { explainLoadFailure } from './load-failure.ts'
export { type LocalFunction, toFunctionState } from './function-state.ts'
export { readDevelopmentSecrets } from './development-secrets.ts'
