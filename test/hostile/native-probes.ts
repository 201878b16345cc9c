/**
 * What somebody would try who runs code of their own in a cell's process, with everything in it at their command. Each probe is run as text in
 * a process in the place of a cell, and answers with a promise: fulfilled where the attempt worked.
 */
export interface ProbeTargets {
  /** A file that only the node's user may read, as its data directory has them. */
  readonly secretFile: string
  readonly ownScript: string
  readonly nodePid: number
  readonly siblingPid: number
  /** Of servers of the test, on loopback. */
  readonly tcpPort: number
  readonly udpPort: number
  readonly unixPath: string
}

type Probe = (targets: ProbeTargets) => unknown

const fs = process.getBuiltinModule('fs')
const path = process.getBuiltinModule('path')
const net = process.getBuiltinModule('net')
const dgram = process.getBuiltinModule('dgram')
const children = process.getBuiltinModule('child_process')
const inspector = process.getBuiltinModule('inspector')
const threads = process.getBuiltinModule('worker_threads')

export const probes: Readonly<Record<string, Probe>> = {
  'read /etc/passwd': () => fs.readFileSync('/etc/passwd'),
  'read a file of the node': ({ secretFile }) => fs.readFileSync(secretFile),
  'read the environment of the node': ({ nodePid }) => fs.readFileSync(`/proc/${nodePid}/environ`),
  'see other processes': ({ nodePid }) => fs.readdirSync(`/proc/${nodePid}/task`),
  'list the folder of the node': ({ secretFile }) => fs.readdirSync(path.dirname(secretFile)),
  'write a file': () => {
    const file = `/tmp/skerry-probe-${process.pid}`
    fs.writeFileSync(file, 'x')
    fs.unlinkSync(file)
  },
  'open its own code for writing': ({ ownScript }) => fs.closeSync(fs.openSync(ownScript, 'r+')),
  'fill the disk through an inherited descriptor': () => fs.writeSync(4, 'x', 1_000_000),
  'connect by TCP': ({ tcpPort }) =>
    new Promise((resolve, reject) => {
      net.connect(tcpPort, '127.0.0.1').once('connect', resolve).once('error', reject)
    }),
  'connect to a socket in the file system': ({ unixPath }) =>
    new Promise((resolve, reject) => {
      net.connect(unixPath).once('connect', resolve).once('error', reject)
    }),
  'listen by TCP': () =>
    new Promise((resolve, reject) => {
      net.createServer().listen(0, '127.0.0.1').once('listening', resolve).once('error', reject)
    }),
  // Connected, so that it is told where nobody listens.
  'be answered by UDP': ({ udpPort }) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4')
      socket.once('error', reject).once('message', resolve)
      socket.connect(udpPort, '127.0.0.1', () => socket.send('x'))
    }),
  'open the debugger': () => {
    inspector.open(0, '127.0.0.1')
    return inspector.url() ?? Promise.reject(new Error('none'))
  },
  'start a shell': () => must(children.spawnSync('/bin/sh', ['-c', 'exit 0'])),
  'start Node': () => must(children.spawnSync(process.execPath, ['-e', '0'])),
  'signal the node': ({ nodePid }) => process.kill(nodePid, 0),
  'signal another cell': ({ siblingPid }) => process.kill(siblingPid, 0),
  'signal the process group of another cell': ({ siblingPid }) => process.kill(-siblingPid, 0),
  'start a thread': () => {
    const worker = new threads.Worker('0', { eval: true })
    return new Promise((resolve, reject) => {
      worker.once('exit', resolve).once('error', reject)
    })
  },
}

function must({ error, status }: { readonly error?: Error | undefined; readonly status: number | null }): unknown {
  return error !== undefined || status !== 0 ? Promise.reject(error ?? new Error(`status ${status}`)) : undefined
}

/** Also of what is thrown where nobody catches it: the permission model does so in event handlers of Node's own. */
async function outcomeOf(probe: Probe, targets: ProbeTargets): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  process.once('uncaughtException', reject)
  try {
    Promise.resolve(probe(targets)).then(resolve, reject)
    await promise
    return 'done'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    process.off('uncaughtException', reject)
  }
}

/** Runs one after the other and prints, as JSON, `done` or the code of the error by name. */
export async function runProbes(names: readonly string[], targets: ProbeTargets): Promise<void> {
  const results: Record<string, string> = {}
  for (const name of names) {
    const probe = probes[name]
    if (probe !== undefined) results[name] = await outcomeOf(probe, targets)
  }
  fs.writeSync(1, JSON.stringify(results))
  process.exit(0)
}
