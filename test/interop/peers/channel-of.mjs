/** The class of discovery-channel by name, npm's or ours, and the options that put either on a private DHT. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export async function channelOf(from) {
  if (from === 'npm') return require('discovery-channel')
  return (await import('@shoal/discovery-channel')).default
}

/** `bootstrap` is an array of host:port; `interval` is how often it asks or announces again, in ms. */
export function channelOptions({ bootstrap, interval }) {
  return { dns: false, dht: { bootstrap, ...(interval === undefined ? {} : { interval }) } }
}
