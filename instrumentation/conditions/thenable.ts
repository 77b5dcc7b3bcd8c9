// Tells a promise, of whatever library, from a value.
import { readProperty } from '../core/exception.ts';

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof readProperty(value, 'then') === 'function';
}
