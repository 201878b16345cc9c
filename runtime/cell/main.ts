/**
 * The entry of a cell process: isolates only, no disk, no network. Descriptor 3 is the pipe to the supervisor, 4 the turn marker, from 5
 * come orders to end a turn.
 * Ends when the pipe does.
 */
import { setFlagsFromString } from 'node:v8'
import { FrameSocket } from '../pipe/index.ts'
import { Cell } from './cell.ts'
import { CellSender } from './cell-sender.ts'
import { TurnMarker } from './marker.ts'
import { ordersAwaited, TurnInterrupter } from './turn-interrupter.ts'

// Half of what this process has (see `cellCommand`): isolates run on its stack, and what they call must not run out of it, wherever they recurse to.
setFlagsFromString('--stack-size=984')

const pipeDescriptor = 3
const markerDescriptor = 4
const interruptDescriptor = 5

// Some of libuv's threads wait for such orders all the time; the usual four are there for crypto and compression.
process.env['UV_THREADPOOL_SIZE'] = String(4 + ordersAwaited)

const marker = new TurnMarker(markerDescriptor)

const frames = FrameSocket.open(pipeDescriptor, {
  onFrame: (type, id, payload) => {
    cell.onFrame(type, id, payload)
  },
  onRest: () => {
    marker.rest()
  },
  onClose: () => {
    process.kill(process.pid, 'SIGKILL')
  },
})
const cell = new Cell({
  sender: new CellSender(frames.batch),
  schedule: () => {
    frames.schedule()
  },
  flush: () => {
    frames.flush()
  },
  marker,
  interrupter: new TurnInterrupter(interruptDescriptor),
})
