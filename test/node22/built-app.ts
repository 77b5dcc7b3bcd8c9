// Where an app lies that finds the packages of this folder, and the built Faultline.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** @param name of the app's folder */
export function builtApp(name: string) {
  const dist = join(root, 'instrumentation/dist');
  const folder = join(import.meta.dirname, 'node_modules/.cache', `${name}-${process.pid}`);
  return {
    folder,
    register: join(dist, 'register.js'),
    index: join(dist, 'index.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
    write: (file: string, text: string) => {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
  };
}
