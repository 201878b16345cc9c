import type { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { cellFilter } from './seccomp-policy.ts'

const audit = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003 } as const
const allow = 0x7fff0000
const kill = 0x80000000
const notPermitted = 0x00050001
const notImplemented = 0x00050026

interface Call {
  readonly architecture: number
  readonly number: number
  /** 64 bits each. */
  readonly arguments?: readonly bigint[]
}

/** What the kernel would do: an interpreter of the classic BPF that seccomp takes. */
function run(filter: Buffer, { architecture, number, arguments: values = [] }: Call): number {
  const words = [number, architecture, 0, 0]
  for (let index = 0; index < 6; index++) {
    const value = values[index] ?? 0n
    words.push(Number(value & 0xffffffffn), Number(value >> 32n))
  }
  let accumulator = 0
  for (let at = 0; at < filter.length; at += 8) {
    const code = filter.readUInt16LE(at)
    const value = filter.readUInt32LE(at + 4)
    const jump = (isTaken: boolean): void => {
      at += 8 * filter.readUInt8(isTaken ? at + 2 : at + 3)
    }
    if (code === 0x20) accumulator = words[value / 4] ?? Number.NaN
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0
    else if (code === 0x15) jump(accumulator === value)
    else if (code === 0x35) jump(accumulator >= value)
    else if (code === 0x06) return value
    else throw new Error(`no such instruction: ${code}`)
  }
  throw new Error('the filter ended without an answer')
}

function filterOf(architecture: 'x64' | 'arm64'): Buffer {
  const filter = cellFilter(architecture)
  if (filter === undefined) throw new Error(`no filter for ${architecture}`)
  return filter
}

/** Numbers of what an attacker would want, by instruction set. */
const dangerous = {
  socket: [41, 198], connect: [42, 203], sendmsg: [46, 211], recvmsg: [47, 212], socketpair: [53, 199],
  fork: [57, undefined], vfork: [58, undefined], clone3: [435, 435], execveat: [322, 281], memfd_create: [319, 279],
  ptrace: [101, 117], process_vm_readv: [310, 270], process_vm_writev: [311, 271], pidfd_open: [434, 434], pidfd_getfd: [438, 438], kcmp: [312, 272],
  mount: [165, 40], umount2: [166, 39], pivot_root: [155, 41], chroot: [161, 51], move_mount: [429, 429], open_tree: [428, 428],
  fsopen: [430, 430], unshare: [272, 97], setns: [308, 268], open_by_handle_at: [304, 265], name_to_handle_at: [303, 264],
  bpf: [321, 280], perf_event_open: [298, 241], userfaultfd: [323, 282], io_uring_setup: [425, 425], io_uring_enter: [426, 426],
  keyctl: [250, 219], add_key: [248, 217], request_key: [249, 218], init_module: [175, 105], finit_module: [313, 273], kexec_load: [246, 104],
  kexec_file_load: [320, 294], reboot: [169, 142], swapon: [167, 224], personality: [135, 92], seccomp: [317, 277], acct: [163, 89],
  setuid: [105, 146], setgid: [106, 144], capset: [126, 91], chmod: [90, undefined], fchmodat: [268, 53], unlink: [87, undefined], unlinkat: [263, 35],
  mkdirat: [258, 34], symlinkat: [266, 36], renameat2: [316, 276], ftruncate: [77, 46], fallocate: [285, 47], mknodat: [259, 33],
  shmget: [29, 194], msgget: [68, 186], semget: [64, 190], setpriority: [141, 140], sched_setaffinity: [203, 122], splice: [275, 76],
  sendfile: [40, 71], setrlimit: [160, 164], rt_sigqueueinfo: [129, 138], process_madvise: [440, 440], landlock_create_ruleset: [444, 444],
} as const

describe.each(['x64', 'arm64'] as const)('on %s', (name) => {
  const filter = filterOf(name)
  const architecture = audit[name]
  const column = name === 'x64' ? 0 : 1
  const result = (number: number, ...values: bigint[]): number => run(filter, { architecture, number, arguments: values })

  test('what an attacker would want is not there', () => {
    for (const [call, numbers] of Object.entries(dangerous)) {
      const number = numbers[column]
      if (number !== undefined) expect([call, result(number)]).toEqual([call, notImplemented])
    }
  })

  test('calls of another instruction set end the process', () => {
    expect(run(filter, { architecture: audit.i386, number: 3 })).toBe(kill)
    expect(run(filter, { architecture: audit[name === 'x64' ? 'arm64' : 'x64'], number: 0 })).toBe(kill)
    expect(result(0x40000000)).toBe(kill)
    expect(result(0xffffffff)).toBe(kill)
  })

  test('all but what is listed is said not to be there', () => {
    const passing = Array.from({ length: 2_000 }, (_, number) => number).filter((number) => result(number) !== notImplemented)
    expect(passing).toHaveLength(name === 'x64' ? 90 : 80)
  })

  test('threads can be made, processes and namespaces can not', () => {
    const clone = [56, 220][column] ?? 0
    const glibc = 0x3d0f00n
    const musl = 0x7d0f00n
    expect([result(clone, glibc), result(clone, musl)]).toEqual([allow, allow])
    const [childExits, vfork, newUser, newNet, ptrace] = [17n, 0x4111n, 0x10000000n, 0x40000000n, 0x2000n]
    for (const flags of [0n, childExits, vfork, newUser | childExits, glibc | newUser, glibc | newNet, glibc | ptrace, glibc & ~0x10000n, glibc & ~0x100n]) {
      expect(result(clone, flags)).toBe(notPermitted)
    }
    // The kernel takes no flag of clone from the upper half.
    expect(result(clone, glibc | 0x100000000n)).toBe(allow)
  })

  test('files are opened for reading only', () => {
    const openat = [257, 56][column] ?? 0
    const [readOnly, closeOnExec, writeOnly, readWrite, create, truncate, temporary] = [0n, 0o2000000n, 1n, 2n, 0o100n, 0o1000n, 0o20200001n]
    expect(result(openat, 0n, 0n, readOnly)).toBe(allow)
    expect(result(openat, 0n, 0n, closeOnExec)).toBe(allow)
    for (const flags of [writeOnly, readWrite, create, truncate, temporary, 3n]) expect(result(openat, 0n, 0n, flags)).toBe(notPermitted)
  })

  test('of ioctl, fcntl, prctl and prlimit only what is harmless', () => {
    const [ioctl, fcntl, prctl, prlimit] = name === 'x64' ? [16, 72, 157, 302] : [29, 25, 167, 261]
    expect(result(ioctl, 1n, 0x5401n)).toBe(allow)
    for (const request of [0x5412n /* TIOCSTI */, 0x541cn /* TIOCLINUX */, 0x8912n /* SIOCGIFCONF */]) expect(result(ioctl, 1n, request)).toBe(notPermitted)
    expect(result(fcntl, 1n, 4n)).toBe(allow)
    for (const command of [8n /* F_SETOWN */, 1024n /* F_SETLEASE */, 1031n /* F_SETPIPE_SZ */]) expect(result(fcntl, 1n, command)).toBe(notPermitted)
    expect(result(prctl, 15n)).toBe(allow)
    for (const option of [4n /* PR_SET_DUMPABLE */, 22n /* PR_SET_SECCOMP */, 35n /* PR_SET_MM */, 0x59616d61n /* PR_SET_PTRACER */]) {
      expect(result(prctl, option)).toBe(notPermitted)
    }
    expect(result(prlimit, 0n, 7n)).toBe(allow)
    expect(result(prlimit, 1n, 7n)).toBe(notPermitted)
  })
})

test('an instruction set that is not known has no filter', () => {
  expect(cellFilter('riscv64')).toBeUndefined()
})
