// From what HTTP parsed to what the library takes.

/** Leaves out what was not given: an absent key and an undefined one are the same to HTTP. */
export function given<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
