/** What parent and child send each other over IPC. */

/** Parent to child, once, as the first message. */
export interface StartMessage {
  kind: 'start';
  dataDir: string;
  /** Loopback address. */
  host: string;
  httpPort: number;
  /** Port of the native protocol; null leaves it closed. */
  nativePort: number | null;
  /** Files and folders outside of the data folder that it may write and read. */
  reachable: readonly string[];
  /** Whether it may connect to any port of any machine, such as those of shards and object stores. */
  mayConnect: boolean;
}

/** Parent to child: end. */
export interface StopMessage {
  kind: 'stop';
}

/** Child to parent, before the engine runs: what its thread can no longer reach. */
export interface LockMessage extends Lock {
  kind: 'lock';
}

export interface Lock {
  /** Whether files outside of the data folder are out of reach. */
  files: boolean;
  /** Whether other TCP ports than those it needs are. */
  network: boolean;
  /** Why something is not locked; else ''. */
  reason: string;
}

/** Child to parent: why it cannot start. That it has started, its port shows. */
export interface FailedMessage {
  kind: 'failed';
  /** `library`: it cannot be found or loaded. `version`: the data folder was a newer library's. */
  reason: 'library' | 'version' | 'other';
  detail: string;
}
