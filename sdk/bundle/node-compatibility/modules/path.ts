import path from 'path-browserify'

/** `node:path`: Node's own POSIX paths, by path-browserify. */
export const {
  basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep,
} = path
export const toNamespacedPath = (value: string): string => value
export const posix = {
  basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep, toNamespacedPath,
}
