/** A program that keeps one port mapped until it is told to stop (a line on stdin), and prints what happens. Runs in a namespace. */

import { PortMapping } from '@shoal/discovery'

const [port, leaseSeconds] = process.argv.slice(2).map(Number)
const mapping = new PortMapping({ port: port ?? 0, leaseSeconds: leaseSeconds ?? 0 })
mapping.on('mapped', ({ by, externalHost }, renewed) =>
  process.stdout.write(`${JSON.stringify({ by, externalHost, renewed })}\n`),
)
mapping.on('failed', ({ message }) => process.stdout.write(`${JSON.stringify({ failed: message })}\n`))
process.stdin.once('data', () => {
  void mapping.close().then(() => process.stdin.destroy())
})
