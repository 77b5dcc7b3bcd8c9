// The part of import-in-the-middle that ships without types.
declare module 'import-in-the-middle/create-hook.mjs' {
  export function createHook(meta: { url: string }): {
    applyOptions(options: { include?: (string | RegExp)[] }): void;
    resolveSync: unknown;
    loadSync: unknown;
  };
}
