import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { buildGuestBundle } from './guest-bundle.ts'
import { snapshotEntry } from './sandbox-paths.ts'

/** What blank isolates are made from. */
export interface GuestImage {
  /** Empty where no snapshot could be built: then isolates evaluate the script, slower but the same. */
  readonly snapshot: Buffer
  readonly script: string
}

const buildTimeoutMs = 30_000
const snapshotBytesMax = 32 * 1024 * 1024

/**
 * Builds the guest's start-up snapshot in a process of its own. A snapshot is native code: it is made here at each start, and never
 * taken from a file or from outside.
 */
export async function buildGuestImage(): Promise<GuestImage> {
  const script = await buildGuestBundle()
  const snapshot = await buildSnapshot(script).catch((error: unknown) => {
    process.stderr.write(`no start-up snapshot, isolates will start slower: ${error instanceof Error ? error.message : String(error)}\n`)
    return Buffer.alloc(0)
  })
  return { snapshot, script }
}

function buildSnapshot(script: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-node-snapshot', snapshotEntry], { stdio: ['pipe', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    let outputBytes = 0
    let complaint = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), buildTimeoutMs)
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length
      if (outputBytes > snapshotBytesMax) child.kill('SIGKILL')
      else output.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-2_000)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && outputBytes > 0) resolve(Buffer.concat(output))
      else reject(new Error(`the snapshot builder ended with ${code ?? signal}: ${complaint.trim()}`))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(script)
  })
}
