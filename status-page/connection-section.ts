import type { ConnectionsJson } from '../src/http/status-json.ts'
import { element, show } from './dom.ts'
import { time, whole } from './format.ts'
import { table } from './table.ts'

const STATES: Readonly<Record<string, string>> = {
  connected: 'connected',
  pending: 'waiting for a first sign-in',
  reconnect_required: 'waiting for a new sign-in',
  unreadable: 'that cannot be opened',
}
const CONCERNS: Readonly<Record<ConnectionsJson['concerns'][number]['concern'], string>> = {
  dead: 'its sign-in has ended',
  dying: 'its sign-in ends',
  never_connected: 'nobody has signed in',
}

export function showConnections({ read, is_cut, by_state, concerns }: ConnectionsJson, now: string): void {
  const states = Object.entries(by_state).map(([state, count]) => `${whole(count)} ${STATES[state] ?? state}`)
  show(
    'connections',
    is_cut
      ? element(
          'p',
          { class: 'notice' },
          `Only the first ${whole(read)} connections were read; there are more.`,
        )
      : undefined,
    element('p', {}, read === 0 ? 'None.' : `${states.join(', ')}.`),
    concerns.length === 0
      ? undefined
      : table(
          'Those that need a person',
          [{ title: 'Connection, what to do' }, { title: 'Since, until', isNumber: true }],
          concerns.map(({ name, concern, since, aadsts, remedy }) => ({
            cells: [
              element(
                'div',
                {},
                element('strong', {}, name),
                `: ${CONCERNS[concern]}${aadsts === null ? '' : ` (AADSTS${aadsts})`}`,
                element('p', { class: 'quiet' }, remedy),
              ),
              time(since, now),
            ],
          })),
        ),
  )
}
