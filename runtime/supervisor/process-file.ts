import { readFileSync } from 'node:fs'

/**
 * A file of `/proc`, whole. Throws where it is not there. As UTF-8, which Node reads by one call: any other encoding takes a buffer of 64 KB,
 * and some hundreds of those a second, as watching takes, have the collector mark the whole heap every second.
 */
export function readProcessFile(path: string): string {
  return readFileSync(path, 'utf8')
}
