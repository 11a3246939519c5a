/** Reads the fields of a resource manager request, strictly. */
import { isObject, type Json, jsonBody, Refusal, type TwinRequest } from '../route.ts'

const CODE = 'InvalidRequestContent'

/** @returns the request's body @throws Refusal InvalidRequestContent */
export const jsonOf = (request: TwinRequest): Json => jsonBody(request, CODE)

/** @returns the object there, or an empty one where the field is missing or null @throws Refusal InvalidRequestContent */
export function objectField(object: Json, name: string): Json {
  const value = object[name] ?? {}
  if (!isObject(value)) throw wrong(name, 'an object')
  return value
}

/** @throws Refusal InvalidRequestContent */
export function stringField(object: Json, name: string): string {
  const value = object[name]
  if (typeof value !== 'string' || value === '') throw wrong(name, 'a string')
  return value
}

/** @returns undefined where the field is missing or null @throws Refusal InvalidRequestContent */
export function optionalBoolean(object: Json, name: string): boolean | undefined {
  const value = object[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw wrong(name, 'a boolean')
  return value
}

/** @returns undefined where the field is missing or null @throws Refusal InvalidRequestContent */
export function optionalInteger(object: Json, name: string): number | undefined {
  const value = object[name] ?? undefined
  if (value !== undefined && !Number.isSafeInteger(value)) throw wrong(name, 'an integer')
  return value as number | undefined
}

function wrong(name: string, expected: string): Refusal {
  return new Refusal(400, CODE, `The request content was invalid and could not be deserialized: '${name}' must be ${expected}.`)
}
