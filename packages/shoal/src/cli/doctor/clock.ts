/**
 * Is the clock right? Records and signed endpoints from more than 30 s in the future are refused by everybody. Time servers
 * are asked once each (SNTP, RFC 4330); a private network has none, and then only an absurd date can be told.
 */

import { createSocket } from 'node:dgram'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'clock'
/** What others take of the future in a record. */
const AHEAD_MAX_MS = 30_000
/** A program is not older than its own code. */
const WRITTEN_AT = Date.UTC(2025, 0, 1)
const TIME_SERVERS = ['pool.ntp.org', 'time.cloudflare.com', 'time.google.com']
const NTP_PORT = 123
const NTP_PACKET_BYTES = 48
/** From 1900, where NTP counts from, to 1970. */
const NTP_EPOCH_S = 2_208_988_800
const SET_IT = 'set the clock and keep it right: on most systems, timedatectl set-ntp true'

/** `offset`: how much the clock is ahead of what others say; `undefined` where nobody said anything. */
export function judgeClock(now: number, offset: number | undefined): Check {
  if (offset !== undefined) {
    const ms = Math.round(Math.abs(offset))
    const detail = `${ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`} ${offset > 0 ? 'ahead of' : 'behind'} the time servers`
    return ms < AHEAD_MAX_MS ? passed(NAME, detail) : failed(NAME, detail, SET_IT)
  }
  const shown = new Date(now).toISOString().slice(0, 16)
  if (now < WRITTEN_AT) return failed(NAME, `it says ${shown}, which is long over`, SET_IT)
  return untried(NAME, `it says ${shown}Z; no time server answered, so compare it yourself`)
}

export async function checkClock(signal: AbortSignal, asksOutside: boolean): Promise<Check> {
  const offsets = asksOutside ? await Promise.all(TIME_SERVERS.map((host) => askTime(host, NTP_PORT, signal))) : []
  const told = offsets.filter((offset) => offset !== undefined).sort((a, b) => a - b)
  return judgeClock(Date.now(), told[Math.floor(told.length / 2)])
}

/** How far our clock is ahead of a time server's, in milliseconds; `undefined` without an answer. */
export function askTime(host: string, port: number, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (offset?: number): void => {
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners('message')
      try {
        socket.close()
      } catch {
        // Closed already.
      }
      resolve(offset)
    }
    const onAbort = (): void => end()
    if (signal.aborted) return end()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', () => end())
    let sentAt = 0
    socket.on('message', (packet) => {
      const theirs = readTransmitTime(packet)
      if (theirs !== undefined) end((sentAt + Date.now()) / 2 - theirs)
    })
    // Connected, so that only the one who was asked can answer.
    socket.connect(port, host, (error?: Error) => {
      if (error !== undefined) return end()
      sentAt = Date.now()
      const packet = Buffer.alloc(NTP_PACKET_BYTES)
      packet[0] = 0x23 // Version 4, client.
      socket.send(packet, () => {})
    })
  })
}

/** The time when a server sent its answer, in milliseconds since 1970. */
export function readTransmitTime(packet: Buffer): number | undefined {
  if (packet.length < NTP_PACKET_BYTES || ((packet[0] as number) & 0x07) !== 4) return undefined
  const stratum = packet[1] as number
  // 0 is a "kiss of death", 16 a server that knows no time itself.
  if (stratum === 0 || stratum >= 16) return undefined
  return (packet.readUInt32BE(40) - NTP_EPOCH_S) * 1_000 + (packet.readUInt32BE(44) * 1_000) / 2 ** 32
}
