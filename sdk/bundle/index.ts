export { type Bundle, type BundleInput, type Bundler, type BundleSource, bundleFunction, createBundler } from './bundler.ts'
