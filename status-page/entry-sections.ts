import type { EntriesJson } from '../src/http/status-json.ts'
import { barPlot } from './bar-plot.ts'
import { element, show } from './dom.ts'
import { counted, time, whole } from './format.ts'
import { asTable, table } from './table.ts'

export function showEntries(entries: EntriesJson): void {
  const { by_time_to_expiry, expired, step_minutes, unreadable, failing } = entries
  const title = 'Entries, by minutes to the end of their token (up to)'
  const groups = [
    { name: 'ended', label: '0', count: expired },
    ...by_time_to_expiry.map((count, index) => {
      const from = index * step_minutes
      const to = from + step_minutes
      return index === by_time_to_expiry.length - 1
        ? { name: `more than ${from}`, label: `>${from}`, count }
        : { name: `${from} to ${to}`, label: String(to), count }
    }),
  ]
  show(
    'entries',
    cutOf(entries),
    barPlot({
      title,
      description: `${groups.map(({ name, count }) => `${name}: ${whole(count)}`).join(', ')}.`,
      series: [{ name: 'Entries', color: 'hits' }],
      slots: groups.map(({ name, count }) => ({ title: `${name}: ${whole(count)}`, values: [count] })),
      xLabels: groups.map(({ label }) => label),
    }),
    element(
      'p',
      { class: 'quiet' },
      `${counted(failing, 'entry', 'entries')} whose last refresh failed; ${whole(unreadable)} that cannot be opened.`,
    ),
    asTable(
      title,
      table(
        title,
        [{ title: 'Minutes' }, { title: 'Entries', isNumber: true }],
        groups.map(({ name, count }) => ({ cells: [name, whole(count)] })),
      ),
    ),
  )
}

export function showPasswords(entries: EntriesJson, now: string): void {
  const { count, by_client, shown } = entries.on_passwords
  if (count === 0) {
    show('passwords', element('p', {}, 'None.'))
    return
  }
  const list = table(
    count > shown.length
      ? `The ${whole(shown.length)} that were last used, of ${whole(count)}`
      : 'The last used first',
    [
      { title: 'User hash, client profile' },
      { title: 'Password accepted', isNumber: true },
      { title: 'Used', isNumber: true },
    ],
    shown.map(({ user_hash, client, password_accepted_on, last_used }) => ({
      cells: [
        element('div', {}, element('span', { class: 'hash' }, user_hash), element('p', {}, client)),
        time(password_accepted_on, now),
        time(last_used, now),
      ],
    })),
  )
  show(
    'passwords',
    cutOf(entries),
    table(
      'Accounts whose user name and password a caller sends',
      [{ title: 'Client profile' }, { title: 'Accounts', isNumber: true }],
      Object.entries(by_client).map(([client, of]) => ({ cells: [client, whole(of)] })),
    ),
    element(
      'details',
      {},
      element('summary', {}, 'Show them by user hash'),
      element(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Accounts by user hash' },
        list,
      ),
      element(
        'p',
        { class: 'quiet' },
        'POST /tokens/find gives the hash of a user name; the log has it as userHash.',
      ),
    ),
  )
}

function cutOf({ is_cut, read }: EntriesJson): HTMLElement | undefined {
  return is_cut
    ? element('p', { class: 'notice' }, `Only the first ${whole(read)} entries were read; there are more.`)
    : undefined
}
