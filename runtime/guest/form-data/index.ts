export { encodeFormData, type EncodedForm } from './encode.ts'
export { FormData, isFormData } from './form-data.ts'
export { parseFormData } from './parse.ts'
