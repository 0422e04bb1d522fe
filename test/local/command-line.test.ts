import { expect, test } from '@jest/globals'
import { emulatorPortsBeside, localOptionsOf, startCommand } from '../../local/process/command-line.ts'

test.each([
  [7071, 10_000],
  [7072, 10_010],
  [7080, 10_090],
  [7070, 59_990],
  [65_535, 44_640],
])('with --port %i the emulators begin at %i', (port, first) => {
  expect(emulatorPortsBeside(port)).toBe(first)
})

test('without options everything is as documented', () => {
  expect(localOptionsOf(startCommand, [], {})).toEqual({
    port: 7071,
    emulatorPorts: 10_000,
    folder: '.local',
    reset: false,
    json: false,
  })
})

test('an option that npm took for its own is told how to be written', () => {
  expect(() => localOptionsOf(startCommand, [], { npm_config_port: '7080' })).toThrow(
    'npm took --port for its own: write npm start -- --port. npm start -- --help lists the options.',
  )
})
