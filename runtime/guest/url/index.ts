export { parseFormUrlencoded, serializeFormUrlencoded } from './form-urlencoded.ts'
export { URLSearchParams } from './url-search-params.ts'
export { URL } from './url.ts'
