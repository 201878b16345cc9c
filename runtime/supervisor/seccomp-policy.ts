/**
 * Which system calls a cell may make: what Node, V8, libuv and the C libraries (glibc, musl) were seen to need to read their own files, run
 * threads, and use descriptors that are already open. All else the kernel is said not to have. Notably absent: sockets, processes, writing
 * to files by name, other processes' memory, namespaces, mounts, io_uring (libuv then takes epoll), descriptors received from others.
 *
 * `execve` passes, since bubblewrap starts Node after the filter is in force: there is nothing else in sight to start, and no way to fork.
 */
import type { Buffer } from 'node:buffer'
import { type ArgumentRule, assembleFilter, type CallRule } from './seccomp-program.ts'

/** Numbers by instruction set; undefined where it has no such call. @see arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h of Linux */
type Numbers = readonly [x64: number, arm64: number | undefined]

const oneOf = (argument: number, ...values: number[]): ArgumentRule => ({ argument, mask: 0xffffffff, values })

/** A thread: shares memory, files and signals with its process, and takes no namespace along. */
const Clone = { vm: 0x100, fs: 0x200, files: 0x400, signals: 0x800, thread: 0x10000 } as const
/** How C libraries want to hear of a thread's ids and end; they change nothing of what it is. */
const CloneNotice = { semaphores: 0x40000, tls: 0x80000, parentTid: 0x100000, clearChildTid: 0x200000, detached: 0x400000, childTid: 0x1000000 } as const
const sum = (flags: Readonly<Record<string, number>>): number => Object.values(flags).reduce((all, flag) => all | flag, 0)
const threadsOnly: ArgumentRule = { argument: 0, mask: ~sum(CloneNotice) >>> 0, values: [sum(Clone)] }

/** O_ACCMODE, O_CREAT, O_TRUNC: none of them. O_TMPFILE asks for writing. */
const writing = 0o3 | 0o100 | 0o1000
const readOnly = (flagsArgument: number): ArgumentRule => ({ argument: flagsArgument, mask: writing, values: [0] })

const Fcntl = { duplicate: 0, getDescriptorFlags: 1, setDescriptorFlags: 2, getFlags: 3, setFlags: 4, duplicateCloseOnExec: 1_030 } as const
/** TCGETS and TIOCGWINSZ ask whether something is a terminal; TIOCSTI, which types into one, is not here. */
const Ioctl = { terminalAttributes: 0x5401, windowSize: 0x5413, bytesReadable: 0x541b, nonBlocking: 0x5421, noCloseOnExec: 0x5450, closeOnExec: 0x5451 } as const
/** The names of threads and of memory; both are for who looks at the process. */
const Prctl = { setName: 15, getName: 16, setMemoryName: 0x53564d41 } as const
/** Itself. Hard limits can not be raised without a capability. */
const ownProcess = oneOf(0, 0)

/** Those that are called most stand first: the filter asks in this order where the kernel keeps no bitmap of it (before 5.11). */
const calls: Readonly<Record<string, readonly [Numbers, ArgumentRule?]>> = {
  getrusage: [[98, 165]],
  futex: [[202, 98]],
  pwrite64: [[18, 68]],
  epoll_pwait: [[281, 22]],
  read: [[0, 63]],
  write: [[1, 64]],
  writev: [[20, 66]],
  clock_gettime: [[228, 113]],
  mprotect: [[10, 226]],
  mmap: [[9, 222]],
  madvise: [[28, 233]],
  munmap: [[11, 215]],
  brk: [[12, 214]],
  getpid: [[39, 172]],

  epoll_create1: [[291, 20]],
  epoll_ctl: [[233, 21]],
  epoll_wait: [[232, undefined]],
  eventfd2: [[290, 19]],
  pipe: [[22, undefined]],
  pipe2: [[293, 59]],
  poll: [[7, undefined]],
  ppoll: [[271, 73]],
  pread64: [[17, 67]],
  readv: [[19, 65]],
  lseek: [[8, 62]],
  close: [[3, 57]],
  shutdown: [[48, 210]],
  getsockname: [[51, 204]],
  getsockopt: [[55, 209]],
  fcntl: [[72, 25], oneOf(1, ...Object.values(Fcntl))],
  ioctl: [[16, 29], oneOf(1, ...Object.values(Ioctl))],

  open: [[2, undefined], readOnly(1)],
  openat: [[257, 56], readOnly(2)],
  stat: [[4, undefined]],
  lstat: [[6, undefined]],
  fstat: [[5, 80]],
  newfstatat: [[262, 79]],
  statx: [[332, 291]],
  access: [[21, undefined]],
  faccessat: [[269, 48]],
  faccessat2: [[439, 439]],
  readlink: [[89, undefined]],
  readlinkat: [[267, 78]],
  getdents64: [[217, 61]],
  getcwd: [[79, 17]],

  mremap: [[25, 216]],
  membarrier: [[324, 283]],
  pkey_alloc: [[330, 289]],
  pkey_free: [[331, 290]],
  pkey_mprotect: [[329, 288]],

  clone: [[56, 220], threadsOnly],
  set_tid_address: [[218, 96]],
  set_robust_list: [[273, 99]],
  rseq: [[334, 293]],
  gettid: [[186, 178]],
  sched_yield: [[24, 124]],
  sched_getaffinity: [[204, 123]],
  sched_getparam: [[143, 121]],
  sched_getscheduler: [[145, 120]],
  getcpu: [[309, 168]],
  arch_prctl: [[158, undefined]],
  prctl: [[157, 167], oneOf(0, ...Object.values(Prctl))],
  exit: [[60, 93]],
  exit_group: [[231, 94]],
  execve: [[59, 221]],
  // Of bubblewrap, which waits for Node inside the same filter.
  wait4: [[61, 260]],

  rt_sigaction: [[13, 134]],
  rt_sigprocmask: [[14, 135]],
  rt_sigreturn: [[15, 139]],
  sigaltstack: [[131, 132]],
  restart_syscall: [[219, 128]],
  // There is nobody to signal in the process's namespace but itself and the bubblewrap that waits for it.
  kill: [[62, 129]],
  tkill: [[200, 130]],
  tgkill: [[234, 131]],

  clock_getres: [[229, 114]],
  clock_nanosleep: [[230, 115]],
  nanosleep: [[35, 101]],
  gettimeofday: [[96, 169]],
  time: [[201, undefined]],

  getppid: [[110, 173]],
  getuid: [[102, 174]],
  geteuid: [[107, 175]],
  getgid: [[104, 176]],
  getegid: [[108, 177]],
  capget: [[125, 90]],
  getrandom: [[318, 278]],
  uname: [[63, 160]],
  sysinfo: [[99, 179]],
  getrlimit: [[97, 163]],
  prlimit64: [[302, 261], ownProcess],
}

const AuditArchitecture = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** Calls of the x32 interface carry this bit; arm64 numbers never come near it. */
const x32Bit = 0x40000000

/** The filter for cells on this machine, or undefined where the instruction set is not one that is known. */
export function cellFilter(architecture: string): Buffer | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined
  const rules = Object.values(calls).flatMap(([[x64, arm64], when]): CallRule[] => {
    const number = architecture === 'x64' ? x64 : arm64
    return number === undefined ? [] : [{ number, ...(when === undefined ? {} : { when }) }]
  })
  return assembleFilter({ architecture: AuditArchitecture[architecture], numbersEnd: x32Bit, rules })
}
