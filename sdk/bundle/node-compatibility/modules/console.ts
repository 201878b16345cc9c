/** `node:console`: the console of the platform. */
const platformConsole = globalThis.console

export { platformConsole as console }
export const { assert, count, countReset, debug, dir, dirxml, error, group, groupCollapsed, groupEnd, info, log, table, time, timeEnd, timeLog, trace, warn } =
  platformConsole
