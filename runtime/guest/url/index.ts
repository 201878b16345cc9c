export { parseFormUrlencoded, serializeFormUrlencoded } from './form-urlencoded.ts'
export { parseRelativeUrl } from './relative-url.ts'
export { URLSearchParams } from './url-search-params.ts'
export { URL } from './url.ts'
