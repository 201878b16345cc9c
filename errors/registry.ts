/**
 * The one registry of error codes: every refusal and failure that leaves a Skerry process carries one of these.
 *
 * Invariants: a code never changes its meaning or status once released; `remedy` is a sentence that tells the reader what
 * to do next. The README's table is tested against this file in both directions.
 */

/** Who can mend it: the author of the function, the caller of an API, or the operator of the machines. */
export type ErrorAudience = 'function' | 'caller' | 'operator'

export interface ErrorDefinition {
  /** HTTP status with which the code is answered. */
  readonly status: number
  readonly title: string
  readonly audience: ErrorAudience
  readonly remedy: string
  /** Whether the answer carries `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** So many seconds more it says at most, by chance: those that were refused because of load must not all come back together. */
  readonly retrySpreadSeconds?: number
}

const define = <const T extends Record<string, ErrorDefinition>>(definitions: T): { readonly [K in keyof T]: ErrorDefinition } =>
  definitions

export const errorRegistry = define({
  // Answered at the edge.
  function_not_found: {
    status: 404, audience: 'caller', title: 'No function answers at this host and path',
    remedy: 'Check the host name and the routes with `skerry functions`.',
  },
  cpu_limit_exceeded: {
    status: 503, audience: 'function', title: 'The function used more CPU time than its limit',
    remedy: 'Do less work in a request, or raise `limits.cpuMs`.',
  },
  memory_limit_exceeded: {
    status: 503, audience: 'function', title: 'The function used more memory than its limit',
    remedy: 'Hold less at once (stream bodies), or raise `limits.memoryMb`.',
  },
  wall_limit_exceeded: {
    status: 504, audience: 'function', title: 'The function took longer to answer than its limit',
    remedy: 'Put time-outs on what it waits for, or raise `limits.wallMs` or `limits.idleMs`.',
  },
  startup_failed: {
    status: 500, audience: 'function', title: 'The function failed while it was being loaded',
    remedy: 'See `skerry tail` for the mapped stack; top-level code must finish within 1 s of CPU.',
  },
  uncaught_exception: {
    status: 500, audience: 'function', title: 'The function threw an exception that it did not catch',
    remedy: 'See `skerry tail` for the mapped stack.',
  },
  no_response: {
    status: 500, audience: 'function', title: 'The function returned no Response',
    remedy: 'Return a Response from `fetch` on every path.',
  },
  isolate_crashed: {
    status: 502, audience: 'function', title: 'The process that ran the function died',
    remedy: 'Repeat the request; if it goes on, look for huge allocations with `skerry tail`.',
  },
  function_quarantined: {
    status: 503, audience: 'function', title: 'The function ended the process under it again and again', retryAfterSeconds: 5,
    remedy: 'See `skerry functions` for what it did, mend it and deploy again: a new version does not wait.',
  },
  request_too_large: {
    status: 413, audience: 'caller', title: 'The request is larger than the limit',
    remedy: 'Send less, or raise `limits.requestBodyMb`.',
  },
  concurrency_limit_exceeded: {
    status: 429, audience: 'caller', title: 'Too many requests of this function or account are running', retryAfterSeconds: 1,
    remedy: 'Repeat later, raise `concurrency.max`, or have the operator raise the quota `concurrentRequests`.',
  },
  rate_limit_exceeded: {
    status: 429, audience: 'caller', title: 'The account gets more requests a second than it may', retryAfterSeconds: 1,
    remedy: 'Repeat later, or have the operator raise the quota `requestsPerSecond`.',
  },
  cpu_quota_exceeded: {
    status: 429, audience: 'caller', title: 'The account has used its CPU time of the day', retryAfterSeconds: 60,
    remedy: 'Wait for midnight (UTC), or have the operator raise the quota `cpuSecondsPerDay`.',
  },
  overloaded: {
    status: 503, audience: 'operator', title: 'The node has more work than it can do', retryAfterSeconds: 1, retrySpreadSeconds: 2,
    remedy: 'Repeat later; add nodes if it lasts.',
  },
  no_healthy_node: {
    status: 503, audience: 'operator', title: 'No healthy node can answer', retryAfterSeconds: 1,
    remedy: 'See `skerry nodes`; start an edge node or mend its connection.',
  },
  bad_request: {
    status: 400, audience: 'caller', title: 'The request is malformed',
    remedy: 'Send a valid HTTP request.',
  },
  upgrade_required: {
    status: 426, audience: 'caller', title: 'The version of WebSocket is not offered',
    remedy: 'Open the WebSocket with version 13.',
  },

  // Thrown inside a function, catchable there by `error.code`.
  address_blocked: {
    status: 502, audience: 'function', title: 'Functions may not connect to this address',
    remedy: 'Call what the rule that the message names lets through, or have the operator pass `--allow-outbound`.',
  },
  subrequest_limit_exceeded: {
    status: 503, audience: 'function', title: 'The function made more subrequests than its limit',
    remedy: 'Make fewer, or raise `limits.subrequests`.',
  },
  hop_limit_exceeded: {
    status: 508, audience: 'function', title: 'Functions called each other through too many hops',
    remedy: 'Break the loop between the functions.',
  },
  subrequest_failed: {
    status: 502, audience: 'function', title: 'A subrequest failed',
    remedy: 'Catch the error that `fetch` rejects with; its message says what happened.',
  },

  // Answered by the control plane.
  invalid_request: {
    status: 400, audience: 'caller', title: 'The request does not match the schema',
    remedy: 'Mend the fields that are named.',
  },
  unauthorized: {
    status: 401, audience: 'caller', title: 'No valid token was sent',
    remedy: 'Pass `--token`, set SKERRY_TOKEN, or put it in .skerry/credentials.json.',
  },
  forbidden: {
    status: 403, audience: 'caller', title: 'The token does not allow this',
    remedy: 'Use a token with the scope that is named.',
  },
  too_many_attempts: {
    status: 429, audience: 'caller', title: 'Too many wrong tokens came from this address', retryAfterSeconds: 2,
    remedy: 'Wait as long as Retry-After says, and use a token that is valid.',
  },
  account_suspended: {
    status: 403, audience: 'operator', title: 'The account is suspended',
    remedy: 'Ask the operator, who resumes it with `skerry account resume NAME`.',
  },
  not_found: {
    status: 404, audience: 'caller', title: 'There is no such thing',
    remedy: 'See what there is: `skerry functions`, `skerry versions NAME`, or the `list` of the command.',
  },
  conflict: {
    status: 409, audience: 'caller', title: 'The change collides with what is there',
    remedy: 'Read what is there and repeat the change.',
  },
  quota_exceeded: {
    status: 403, audience: 'caller', title: 'The account may not have more of this',
    remedy: 'Delete what is not needed, or have the operator raise the quota that is named; `skerry usage` shows them.',
  },
  route_conflict: {
    status: 409, audience: 'caller', title: 'Another function already has this route',
    remedy: 'Choose another route, or remove it from the other function first.',
  },
  domain_not_verified: {
    status: 422, audience: 'caller', title: 'The domain is not proven to be yours',
    remedy: 'Put the TXT record that `skerry domain add DOMAIN` tells into its DNS, then run `skerry domain verify DOMAIN`.',
  },
  resolver_unavailable: {
    status: 503, audience: 'operator', title: 'DNS could not be asked', retryAfterSeconds: 10,
    remedy: 'Repeat later; if it lasts, start the control plane with a resolver that it reaches (`--resolver ADDRESS[:PORT]`).',
  },
  script_too_large: {
    status: 413, audience: 'caller', title: 'The bundled script is larger than 10 MB',
    remedy: 'Find what is large with `skerry deploy --json` (sizes by module) and import less.',
  },
  hash_mismatch: {
    status: 422, audience: 'caller', title: 'The artifact does not match its hash',
    remedy: 'Upload it again; if it goes on, something on the way changes it.',
  },
  idempotency_key_reused: {
    status: 422, audience: 'caller', title: 'The idempotency key came with another request before',
    remedy: 'Take a new key for each request; send the same one only to repeat a request as it was.',
  },
  load_failed: {
    status: 422, audience: 'function', title: 'The version does not load, so it was not activated',
    remedy: 'Mend what the stack names and deploy again.',
  },
  no_nodes: {
    status: 503, audience: 'operator', title: 'No edge node took the version, so it is stored but inactive',
    remedy: 'Start an edge node, then run `skerry release NAME VERSION=100`.',
  },
  storage_full: {
    status: 507, audience: 'operator', title: 'The disk is full; nothing was changed',
    remedy: 'Free space on the machine that is named, then repeat.',
  },
  storage_corrupt: {
    status: 503, audience: 'operator', title: 'The database of the control plane is damaged',
    remedy: 'Nodes go on serving. Look at it with `skerry verify --data DIR`, then restore a backup with `skerry restore FILE --data DIR --force`.',
  },
  artifact_corrupt: {
    status: 503, audience: 'operator', title: 'An artifact is damaged in the store',
    remedy: 'Deploy its function again, which puts it anew; nodes that have it go on serving.',
  },
  storage_newer: {
    status: 503, audience: 'operator', title: 'The database is of a newer release',
    remedy: 'Start that release, or restore a backup made by this one.',
  },
  restore_unfinished: {
    status: 503, audience: 'operator', title: 'A restore was begun and did not end',
    remedy: 'Run `skerry restore FILE --force` (or `skerry migrate --force`) again.',
  },
  archive_invalid: {
    status: 422, audience: 'operator', title: 'The backup is cut off or damaged; nothing was changed',
    remedy: 'Use another copy, or an older backup.',
  },
  key_mismatch: {
    status: 409, audience: 'operator', title: 'The master key is not the one that this state was sealed with',
    remedy: 'Put the key file in place that belongs to it: it is backed up apart from the state.',
  },
  storage_unreachable: {
    status: 503, audience: 'operator', title: 'The servers that keep the log can not be reached; nothing was changed', retryAfterSeconds: 2,
    remedy: 'Repeat later; see that most of the NATS servers run and that the control plane reaches one.',
  },
  outcome_unknown: {
    status: 503, audience: 'operator', title: 'Whether the change was made is not known', retryAfterSeconds: 2,
    remedy: 'Read what is there before you repeat it: the servers that keep the log went away while the change was on its way.',
  },
  internal_error: {
    status: 500, audience: 'operator', title: 'Skerry itself failed',
    remedy: 'Look at the log of the process with the request id, and report it.',
  },

  // Raised by the command line and the SDK before anything is sent.
  bundle_failed: {
    status: 400, audience: 'function', title: 'The source does not bundle',
    remedy: 'Mend the file and line that are named.',
  },
  sandbox_unavailable: {
    status: 503, audience: 'operator', title: 'Cells can not be shut in as it was asked for',
    remedy: 'Install bubblewrap and let it make user namespaces (in a container, allow them in its seccomp profile), or start without --require-sandbox.',
  },
  config_invalid: {
    status: 400, audience: 'caller', title: 'skerry.jsonc is not valid',
    remedy: 'Mend the key and line, or the file of a flag, that is named.',
  },
  server_unreachable: {
    status: 503, audience: 'operator', title: 'The control plane can not be reached',
    remedy: 'Start it with `skerry cluster`, or pass the right `--url`.',
  },
})

export type ErrorCode = keyof typeof errorRegistry

/** Whether a string received from elsewhere is a code of the registry. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorRegistry, value)
}
