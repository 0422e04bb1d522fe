import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Importing this makes names that end in `.localhost` resolve to 127.0.0.1 (RFC 6761, section 6.3), which not every
 * operating system does. Also usable as `node --import`. It changes nothing else.
 */
const lookup = dns.lookup

type LookupCallback = (error: null, address: string | dns.LookupAddress[], family?: number) => void

function loopbackLookup(hostname: string, ...rest: unknown[]): void {
  if (!/\.localhost\.?$/i.test(hostname)) {
    Reflect.apply(lookup, dns, [hostname, ...rest])
    return
  }
  const callback = rest.at(-1) as LookupCallback
  const options = rest.length > 1 ? (rest[0] as dns.LookupOptions | number | undefined) : undefined
  const wantsAll = typeof options === 'object' && options.all === true
  process.nextTick(() => {
    if (wantsAll) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  })
}

// With the mark that tells `util.promisify` what the callback's arguments are called.
Object.defineProperties(loopbackLookup, Object.getOwnPropertyDescriptors(lookup))
dns.lookup = loopbackLookup as typeof dns.lookup
syncBuiltinESMExports()
