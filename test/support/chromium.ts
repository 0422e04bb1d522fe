import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * The machine's own, without a head.
 *
 * @param trusted keys of certificates that it is to trust: base64 of the SHA-256 of each SubjectPublicKeyInfo.
 * @throws when there is none.
 */
export async function startChromium(trusted: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? PLACES.find((place) => existsSync(place))
  if (!executablePath)
    throw new Error('There is no Chromium: apt-get install chromium, or set CHROMIUM to its path')
  // Root has no sandbox, and a container's /dev/shm is small.
  const trust = trusted.length > 0 ? [`--ignore-certificate-errors-spki-list=${trusted.join(',')}`] : []
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', ...trust] })
}
