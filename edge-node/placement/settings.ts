/** When a function is tried elsewhere and moved; why these, and what others came to: docs/decisions/0017-placement-by-trial.md. */
export const placementSettings = {
  /** Moving has to save so much of the time to the head of an answer, in ms and as a share of it. */
  leastGainMs: 5,
  leastGainShare: 0.1,
  /** What trials cost at most once the first search is through: so much of the time that all requests take. */
  costShare: 0.01,
  /** What they may cost at once, in usual requests: enough for the first search. A trial that has begun goes on above it. */
  creditMax: 60,
  /** What one answer can cost: an odd one must not end all searching. */
  costMax: 10,
  /** What a trial can be expected to cost: none begins with less. */
  creditMin: 10,
  /** There is at least so much when it came back in a hurry, so that another place is soon found. */
  creditAfterReturn: 25,
  /** The first so many at the challenger of a trial open connections there and load the function: they tell nothing. */
  warmUp: 3,
  /** After so many it is over where the challenger takes half as long again, and twice as certainly. */
  hopelessMin: 4,
  /** Of each side. */
  samplesMin: 12,
  samplesMax: 60,
  /** As long as the challenger looks better, so that going on costs nobody anything. */
  promisingMax: 300,
  /** Standard errors by which a difference has to be clear. It is looked at after each answer, so that chance gets many occasions. */
  certainty: 2.5,
  /** At a time, to a node that has yet to prove itself. */
  provingMax: 2,
  /** So many times as far away as waiting says at most, and by so many ms, the back end may still be: paths are no straight lines. */
  reachFactor: 2,
  reachSlackMs: 5,
  /** A place fits what was measured where it is off by no more than such a share of the waiting. */
  misfitShare: 0.35,
  /** Nodes tried in one search. */
  candidatesMax: 6,
  /** Where so many of the answers from here are failures nothing can be compared. */
  failingShare: 0.2,
  /** Answers from here before anything is tried elsewhere. */
  hereMin: 20,
  /** What was found holds for so long, twice as long after each search in which nothing is found. */
  restMs: 10 * 60_000,
  restMsMax: 2 * 60 * 60_000,
  /** How often it is looked at whether running it elsewhere still pays; twice as long after each time that it does. */
  checkMs: 2 * 60_000,
  checkMsMax: 15 * 60_000,
  /** After it came back in a hurry nothing is tried for so long, twice as long each time. Forgotten after `calmMs`. */
  dampMs: 30_000,
  dampMsMax: 30 * 60_000,
  calmMs: 30 * 60_000,
  /** A node that fails a request, or does not answer, is left alone for so long, twice as long each time. */
  suspendMs: 5_000,
  suspendMsMax: 5 * 60_000,
  /** A runner that can not be used for so long is given up. */
  goneMs: 60_000,
  /** Answers by which it is judged whether a runner is still worth it. */
  blockSize: 16,
  /** No answer at all for so long, and for four times the usual, from a node that has requests: it hangs. */
  stallMs: 2_000,
  /** Versions of which a node keeps what it measured. */
  versionsMax: 200,
} as const
