import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { choose, type Person } from '../../engine/src/officer/quorum.ts'

const person = (name: string, ...roles: string[]): Person => ({ name, roles })

describe('a quorum', () => {
  test('is made up of distinct people in their roles', () => {
    expect(choose([person('a', 'x'), person('b', 'x')], { x: 2 })).toEqual(['a', 'b'])
    expect(choose([person('a', 'x'), person('b', 'y')], { x: 2 })).toBeUndefined()
    expect(choose([person('a', 'x', 'y')], { x: 1, y: 1 })).toBeUndefined()
  })

  test('of nobody is always there', () => {
    expect(choose([], {})).toEqual([])
    expect(choose([], { x: 0 })).toEqual([])
    expect(choose([], { x: 1 })).toBeUndefined()
  })

  test('finds the one way in which people with several roles fit', () => {
    const people = [person('a', 'x', 'y', 'z'), person('b', 'x', 'y'), person('c', 'x')]
    expect(choose(people, { x: 1, y: 1, z: 1 })).toEqual(['a', 'b', 'c'])
    expect(choose(people, { y: 2, z: 1 })).toBeUndefined()
  })

  test('asks no more people than it needs', () => {
    expect(choose([person('a', 'x'), person('b', 'x'), person('c', 'y')], { x: 1 })).toEqual(['a'])
  })

  test('of absurd size is refused at once', () => {
    expect(choose([person('a', 'x')], { x: 2 ** 40 })).toBeUndefined()
  })

  test('a name that stands there twice counts once', () => {
    expect(choose([person('a', 'x'), person('a', 'x')], { x: 2 })).toBeUndefined()
  })

  test('is found exactly when trying every seating finds one', () => {
    const roles = ['x', 'y', 'z']
    const people = fc.array(fc.subarray(roles), { maxLength: 5 }).map((each) => each.map((own, index) => person(`p${index}`, ...own)))
    const quorum = fc.record({ x: fc.nat(2), y: fc.nat(2), z: fc.nat(2) })
    const fits = (seats: string[], free: Person[]): boolean =>
      seats.length === 0 ||
      free.some(
        (one) =>
          one.roles.includes(seats[0]!) &&
          fits(
            seats.slice(1),
            free.filter((other) => other !== one),
          ),
      )
    fc.assert(
      fc.property(people, quorum, (present, wanted) => {
        const seats = Object.entries(wanted).flatMap(([role, count]) => Array.from({ length: count }, () => role))
        const chosen = choose(present, wanted)
        expect(chosen !== undefined).toBe(fits(seats, present))
        if (chosen) expect(new Set(chosen).size).toBe(seats.length)
      }),
    )
  })
})
