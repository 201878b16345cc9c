import type { CheckedRequest } from '../workload.ts'

/** Where wrk is asked for its latency; 100 is the slowest answer. */
export const curvePercents: readonly number[] = [0.1, 1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.9, 99.95, 99.99, 100]

/**
 * wrk's own text output rounds; its script interface has the exact figures. Without a `response` hook the script costs nothing while
 * wrk runs: the request is made once, and sent again and again.
 */
export function wrkScript(request: CheckedRequest, bodyPath: string, checksBodies: boolean): string {
  const setUp = [
    ...(request.host === undefined ? [] : [`wrk.headers["Host"] = ${luaString(request.host)}`]),
    ...(request.body === undefined ? [] : [
      'wrk.method = "POST"',
      `wrk.headers["Content-Type"] = ${luaString(request.body.type)}`,
      `local file = assert(io.open(${luaString(bodyPath)}, "rb"))`,
      'wrk.body = file:read("*a")',
      'file:close()',
    ]),
  ]
  const check = `
function response(status, headers, body)
  if body ~= ${luaString(request.expectedBody)} then wrong = wrong + 1 end
end
`
  return `${setUp.join('\n')}
wrong = 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
${checksBodies ? check : ''}
function done(summary, latency, requests)
  local curve = {}
  for _, percent in ipairs({${curvePercents.filter((percent) => percent < 100).join(', ')}}) do
    table.insert(curve, string.format("%d", latency:percentile(percent)))
  end
  table.insert(curve, string.format("%d", latency.max))
  local wrongInAll = 0
  for _, thread in ipairs(threads) do wrongInAll = wrongInAll + thread:get("wrong") end
  io.write(string.format(
    '\\n@{"durationUs":%d,"requests":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,"wrong":%d,"curveUs":[%s]}@\\n',
    summary.duration, summary.requests, summary.errors.connect, summary.errors.read, summary.errors.write,
    summary.errors.timeout, summary.errors.status, wrongInAll, table.concat(curve, ",")))
end
`
}

/** A Lua string of these bytes, whatever they are. */
export function luaString(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => (byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`)).join('')}"`
}
