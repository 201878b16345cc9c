export { domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, resolveObject, Url, urlToHttpOptions } from 'unenv/node/url'

export const { URL, URLPattern, URLSearchParams } = globalThis
