// The parts of import-in-the-middle that ship without types.
declare module 'import-in-the-middle/create-hook.mjs' {
  export function createHook(meta: { url: string }): {
    applyOptions(options: { include?: (string | RegExp)[] }): void;
    resolveSync: unknown;
    loadSync: unknown;
  };
}

declare module 'import-in-the-middle/supports-sync-hooks.mjs' {
  export function supportsSyncHooks(): boolean;
}
