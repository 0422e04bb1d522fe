import { textsOf, type Step } from './workflow.ts'

/** Actions that hand on what goes into them, and show it. */
export const DATA_OPERATIONS: Readonly<Record<string, string>> = {
  parsejson: 'Parse JSON',
  compose: 'Compose',
  initializevariable: 'Initialize variable',
  setvariable: 'Set variable',
  appendtostringvariable: 'Append to string variable',
  appendtoarrayvariable: 'Append to array variable',
  select: 'Select',
  query: 'Filter array',
  join: 'Join',
  table: 'Create table',
}

export const isDataOperation = ({ type }: Step): boolean => type in DATA_OPERATIONS

/** Names, in lower case, of the variables that an action sets. */
export function variablesOf({ type, inputs }: Step): readonly string[] {
  if (!type.includes('variable')) return []
  return textsOf(inputs)
    .filter(({ place }) => /^(\/variables\/\d+)?\/name$/i.test(place))
    .map(({ text }) => text.toLowerCase())
}
