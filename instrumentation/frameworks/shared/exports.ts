// Replacing one function of a module.

/**
 * The module with another value under one name: the module itself where it lets itself be changed, as with a
 * loader hook; else an object around it, for CommonJS.
 */
export function withExport<T extends object, K extends keyof T>(
  exports: T,
  name: K,
  value: T[K],
): T {
  try {
    exports[name] = value;
  } catch {
    // A module's namespace cannot be changed.
  }
  if (exports[name] === value) return exports;
  return Object.create(exports, { [name]: { value, enumerable: true } });
}
