export { AssertionError, assert, unreachable } from './assert.ts'
export { AsyncQueue, type AsyncQueueInit } from './async-queue.ts'
export { type Backoff, backoffDelay, jittered } from './backoff.ts'
export {
  bytesEqual,
  compareBytes,
  concatBytes,
  fromBase64,
  fromHex,
  fromLatin1,
  type Hash,
  hashHex,
  isLowerHex,
  latin1,
  toBase64,
  toHex,
  utf8,
  utf8Into,
  utf8Length,
  utf8Text,
} from './bytes.ts'
export { type Clock, HOUR, MINUTE, type Millis, SECOND, systemClock } from './clock.ts'
export { type Deadline, DeadlineQueue } from './deadline-queue.ts'
export { ClosedError, ShoalError, type ShoalErrorOptions, UsageError } from './errors.ts'
export {
  type AddressScope,
  type Endpoint,
  type Family,
  familyOf,
  formatEndpoint,
  formatIp,
  isPort,
  mappedIpv4,
  parseHostPort,
  parseIp,
  scopeOf,
} from './ip.ts'
export { type RandomSource, randomBelow, randomFraction, seededRandom, systemRandom } from './random.ts'
