import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, isRevoked, parseRoster, rosterPeer, type TopicRoster } from '@shoal/peer'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { ProcessLike } from '../../src/cli/lifecycle.ts'
import { Output } from '../../src/cli/output.ts'
import { openOwner } from '../../src/cli/owner-key-file.ts'
import { publishRoster, type RosterChange } from '../../src/cli/owner-roster.ts'
import { runCommandLine } from '../../src/cli/program.ts'
import { MemoryStream } from './memory-stream.ts'

const PEER = `${'Ab1_'.repeat(10)}AbA${'-Xy2'.repeat(10)}AbA`
const HYPHEN_PEER = `-${PEER.slice(1)}`
const NOW = Date.UTC(2026, 0, 1, 12, 0, 0, 200)

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

class FakeProcess extends EventEmitter {
  exitCode: number | undefined
  exit(): void {}
}

async function shoal(...args: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const [stdout, stderr, process] = [new MemoryStream(), new MemoryStream(), new FakeProcess()]
  const input = (async function* () {})()
  await runCommandLine(args, { stdout, stderr, environment: {}, process: process as unknown as ProcessLike, input })
  return { code: process.exitCode, stdout: stdout.text, stderr: stderr.text }
}

async function ownerKey(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-owner-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const key = join(folder, 'owner.key')
  expect((await shoal('topic', 'new', 'fleet', '--key', key)).code).toBe(0)
  return key
}

interface Owned {
  readonly about: RosterChange
  /** What nodes hold, newest last. */
  readonly puts: { seq: number; value: Uint8Array }[]
  release: () => void
}

/** A DHT whose answers wait until they are released. */
async function owned(key: string): Promise<Owned> {
  const stream = new MemoryStream()
  const output = new Output({ json: false, level: 'warn', stdout: stream, stderr: stream, environment: {} })
  const puts: Owned['puts'] = []
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const dht = {
    get: () => released.then(() => undefined),
    put: async (put: Owned['puts'][number]) => {
      puts.push(put)
      return { nodes: 8 }
    },
  } as unknown as RosterChange['dht']
  return { about: { dht, owner: await openOwner(key, output), keyFile: key, output }, puts, release }
}

const revoking =
  (peerId: string, at = NOW) =>
  ({ servers, revocations }: TopicRoster): TopicRoster => ({
    servers,
    revocations: [...revocations, { peer: rosterPeer(peerId), at }],
  })

const published = ({ puts }: Owned): TopicRoster => {
  const roster = parseRoster(puts.at(-1)?.value ?? new Uint8Array(0))
  if (!roster.ok) throw new Error(roster.reason)
  return roster.value
}

test('[O-21] a peer id that begins with a hyphen is no flag, wherever it stands', async () => {
  const key = await ownerKey()
  for (const args of [
    [HYPHEN_PEER, '--key', key],
    ['--key', key, HYPHEN_PEER],
    ['--key', key, '--', HYPHEN_PEER],
  ]) {
    const { stdout, stderr, code } = await shoal('topic', 'sign', ...args)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as Certificate).peerId).toBe(HYPHEN_PEER)
  }
})

test('[O-24] a peer id that was copied in part is refused: nobody would be revoked by it', async () => {
  const key = await ownerKey()
  for (const part of [PEER.slice(0, 10), PEER.slice(1), PEER.slice(-20), `${PEER}A`, '0x12']) {
    for (const command of ['sign', 'revoke']) {
      const { code, stderr } = await shoal('topic', command, part, '--key', key)
      expect(code).toBe(2)
      expect(stderr).toMatch(/is not a peer id: give the whole one/)
    }
  }
})

test('[O-9] [O-21] a certificate that is signed in the second of the revocation counts again', async () => {
  const key = await ownerKey()
  const world = await owned(key)
  world.release()
  await publishRoster(world.about, revoking(PEER))
  const signed = await shoal('topic', 'sign', PEER, '--key', key)
  const certificate = JSON.parse(signed.stdout) as Certificate
  expect(isRevoked(published(world), certificate)).toBe(false)
  expect(certificate.from - NOW).toBeLessThan(1_000)
})

test('[O-24] where the revocation is dated in the future no certificate is signed that would not count', async () => {
  const key = await ownerKey()
  const world = await owned(key)
  world.release()
  await publishRoster(world.about, revoking(PEER, NOW + 3_600_000))
  const { code, stderr } = await shoal('topic', 'sign', PEER, '--key', key)
  expect(code).toBe(1)
  expect(stderr).toMatch(/was revoked at 2026-01-01T13:00:00.999Z, which is still to come.*clock/)
})

test('[O-22] of two revocations at once none is lost: the second is told to come again', async () => {
  const key = await ownerKey()
  const world = await owned(key)
  const first = publishRoster(world.about, revoking(PEER))
  await expect(publishRoster(world.about, revoking(HYPHEN_PEER))).rejects.toThrow(/run this again when it has ended/)
  world.release()
  expect(await first).toEqual({ nodes: 8, seq: 1 })
  expect(await publishRoster(world.about, revoking(HYPHEN_PEER))).toEqual({ nodes: 8, seq: 2 })
  expect(published(world).revocations.map(({ peer }) => peer)).toEqual([rosterPeer(PEER), rosterPeer(HYPHEN_PEER)])
})

test('[O-22] the lock of a process that is gone, or of none, holds nobody up', async () => {
  const key = await ownerKey()
  const world = await owned(key)
  world.release()
  for (const text of ['', 'x', '2147483646']) {
    writeFileSync(`${key}.roster.lock`, text)
    expect(await publishRoster(world.about, revoking(PEER))).toMatchObject({ nodes: 8 })
    expect(() => readFileSync(`${key}.roster.lock`)).toThrow(/ENOENT/)
  }
})

test('[Q-11] a secret that was typed in a wrong place is not repeated, with all that led to it neither', async () => {
  const secret = 'abcdefghijklmnopqrstuvwxyz0123456789'
  const key = await ownerKey()
  for (const prefix of ['shoal:private:', 'Shoal: Private: ', 'shoal:invite:']) {
    const text = prefix + secret
    for (const args of [
      [text],
      ['topic', text],
      ['topic', 'sign', text, '--key', key],
      ['topic', 'sign', PEER, '--key', text],
    ]) {
      const { code, stderr } = await shoal(...args, '--log-level', 'debug')
      expect(code).not.toBe(0)
      expect(stderr).toContain('…')
      expect(stderr).not.toContain(secret.slice(0, 22))
    }
  }
})
