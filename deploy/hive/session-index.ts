// The sessions under the folder and what their files say, as far as it is asked for.
import { type Found, findFiles } from './folder.ts';
import {
  CachedView,
  readSession,
  type Say,
  type SessionFolder,
  type SessionLogs,
  type SessionView,
  sessionOf,
  signatureOf,
} from './session-logs.ts';

/** Sessions whose files are kept in memory. */
const MAX_VIEWS = 50;

/** Knows where sessions are, and reads each one's files once while they do not change. */
export class SessionIndex {
  readonly #dir: string;
  readonly #say: Say;
  readonly #folders = new Map<string, SessionFolder>();
  readonly #views = new Map<string, CachedView>();
  #isSearched = false;

  constructor(dir: string, say: Say) {
    this.#dir = dir;
    this.#say = say;
  }

  /** Lists the folder. @throws {Error} if it cannot be read */
  search(): Found {
    const found = findFiles(this.#dir, this.#say);
    for (const logs of found.logFolders) {
      const session = sessionOf(logs);
      this.#folders.set(session.sessionId, session);
    }
    this.#isSearched = true;
    return found;
  }

  /** Time has passed: sessions may have come that were not listed. */
  expire(): void {
    this.#isSearched = false;
  }

  folderOf(sessionId: string): SessionFolder | undefined {
    const known = this.#folders.get(sessionId);
    if (known || this.#isSearched) return known;
    this.search();
    return this.#folders.get(sessionId);
  }

  view(sessionId: string): SessionView {
    return {
      details: () => this.#viewOf(sessionId)?.details() ?? [],
      state: () => this.#viewOf(sessionId)?.state(),
    };
  }

  /** All logs of a session that has some. */
  logs(sessionId: string): SessionLogs | undefined {
    const folder = this.folderOf(sessionId);
    return folder && signatureOf(folder) !== '' ? readSession(folder, this.#say) : undefined;
  }

  #viewOf(sessionId: string): CachedView | undefined {
    const folder = this.folderOf(sessionId);
    if (!folder) return undefined;
    const signature = signatureOf(folder);
    let view = this.#views.get(sessionId);
    if (view?.signature !== signature) {
      view = new CachedView(folder, signature, this.#say);
      this.#views.delete(sessionId);
      this.#views.set(sessionId, view);
      const [oldest] = this.#views.keys();
      if (this.#views.size > MAX_VIEWS) this.#views.delete(oldest!);
    }
    return view;
  }
}
