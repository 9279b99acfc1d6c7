/** The file of `serve --certificate`: what `shoal topic sign` has printed, with or without --json. */

import { readFile } from 'node:fs/promises'
import { type Certificate, isFields, parseCertificate } from '@shoal/peer'
import { CommandError } from './exit.ts'

export async function readCertificate(file: string): Promise<Certificate> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new CommandError(`the certificate ${file} can't be read: check --certificate`, { cause })
  }
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (cause) {
    throw wrong(file, cause)
  }
  const certificate = parseCertificate(isFields(held) && 'certificate' in held ? held['certificate'] : held)
  if (!certificate.ok) throw wrong(file)
  return certificate.value
}

function wrong(file: string, cause?: unknown): CommandError {
  return new CommandError(
    `${file} is no certificate: give the file that holds what "shoal topic sign" has printed, as --certificate`,
    { cause },
  )
}
