/** `node:os`: functions do not see the machine they run on, so that all it tells is made up. */
export {
  arch, availableParallelism, constants, cpus, devNull, endianness, EOL, freemem, homedir, hostname, loadavg, machine, networkInterfaces, platform,
  release, tmpdir, totalmem, type, uptime, userInfo, version,
} from 'unenv/node/os'
