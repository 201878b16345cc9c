export { http2Limits, type Http2Options, Http2Sessions } from './http2-sessions.ts'
export { Http2Request } from './http2-request.ts'
export { Http2Response } from './http2-response.ts'
