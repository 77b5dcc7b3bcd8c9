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
}

/** Parent to child: end. */
export interface StopMessage {
  kind: 'stop';
}

/** Child to parent: why it cannot start. That it has started, its port shows. */
export interface FailedMessage {
  kind: 'failed';
  /** `library`: it cannot be found or loaded. */
  reason: 'library' | 'other';
  detail: string;
}
