/**
 * The way to a store that a server has open: a socket beside it, for this user alone, over which `shoal export` is given what is
 * there and `shoal import` gives what is to be taken in.
 */

import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { resolve } from 'node:path'
import type { ImportOutcome, ToolDb } from '@shoal/tool-db'
import { CommandError } from './exit.ts'

/** Of a socket's path, by the operating system. */
const PATH_BYTES_MAX = 100
const VISITORS_MAX = 4
/** Longer than any word that is said here. */
const WORD_LENGTH_MAX = 16

type Answer = { readonly outcome: ImportOutcome } | { readonly error: string }

/** `undefined` where a path is too long to be a socket's. */
export function doorOf(storeDirectory: string): string | undefined {
  const path = `${resolve(storeDirectory)}.sock`
  return Buffer.byteLength(path) <= PATH_BYTES_MAX && process.platform !== 'win32' ? path : undefined
}

/** The caller has the store: whatever lies at the socket's place was left by somebody who is gone. The function closes it. */
export async function openDoor(db: ToolDb, path: string): Promise<() => Promise<void>> {
  /** BOUNDED: VISITORS_MAX. */
  const visitors = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    visitors.add(socket)
    socket.once('close', () => visitors.delete(socket))
    socket.on('error', () => socket.destroy())
    serveVisitor(db, socket).catch(() => socket.destroy())
  })
  server.maxConnections = VISITORS_MAX
  rmSync(path, { force: true })
  await listen(server, path)
  return async () => {
    for (const socket of visitors) socket.destroy()
    server.close()
    await once(server, 'close')
  }
}

async function listen(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  await once(server, 'listening')
  chmodSync(path, 0o600)
}

async function serveVisitor(db: ToolDb, socket: Socket): Promise<void> {
  // When the visitor has said everything, he is still to be answered.
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
  const { word, rest } = await firstWord(chunks)
  if (word === 'export') {
    for await (const text of db.exportRecords()) {
      if (!socket.write(text)) await once(socket, 'drain')
    }
    socket.end()
  } else if (word === 'import') {
    socket.end(`${JSON.stringify(await answerImport(db, behind(rest, chunks)))}\n`)
  } else socket.destroy()
}

async function answerImport(db: ToolDb, chunks: AsyncIterable<Uint8Array>): Promise<Answer> {
  try {
    return { outcome: await db.importRecords(chunks) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

async function firstWord(chunks: AsyncIterator<Buffer>): Promise<{ word: string; rest: Buffer }> {
  let said: Buffer = Buffer.alloc(0)
  while (!said.includes('\n') && said.length <= WORD_LENGTH_MAX) {
    const next = await chunks.next()
    if (next.done === true) break
    said = Buffer.concat([said, next.value])
  }
  const end = said.indexOf('\n')
  return { word: said.toString('latin1', 0, Math.max(end, 0)), rest: said.subarray(end + 1) }
}

async function* behind(first: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
}

/** What the server that has the store gives. Rejects with a CommandError where nobody opens. */
export async function* exportThrough(storeDirectory: string): AsyncGenerator<Uint8Array> {
  const socket = await knock(storeDirectory)
  socket.end('export\n')
  for await (const chunk of socket) yield chunk as Buffer
}

export async function importThrough(
  storeDirectory: string,
  chunks: AsyncIterable<Uint8Array | string>,
): Promise<ImportOutcome> {
  const socket = await knock(storeDirectory)
  const answered = wholeText(socket)
  // It is looked at below; the server may have given up before everything was sent.
  answered.catch(() => undefined)
  socket.write('import\n')
  for await (const chunk of chunks) {
    if (socket.destroyed || socket.readableEnded) break
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), answered])
  }
  socket.end()
  const text = await answered
  const answer = (
    text === '' ? { error: 'the server ended before it answered: run it again' } : JSON.parse(text)
  ) as Answer
  if ('error' in answer) throw new CommandError(answer.error)
  return answer.outcome
}

async function knock(storeDirectory: string): Promise<Socket> {
  const inUse = `the store in ${storeDirectory} is in use by another process`
  const path = doorOf(storeDirectory)
  if (path === undefined) throw new CommandError(`${inUse}, and can't be reached through it: stop that one first`)
  const socket = createConnection({ path, allowHalfOpen: true })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw new CommandError(`${inUse}, which is no shoal serve of this user: stop that one first`, { cause })
  }
  return socket
}

async function wholeText(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  for await (const chunk of socket) parts.push(chunk as Buffer)
  return Buffer.concat(parts).toString()
}
