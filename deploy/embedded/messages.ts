/** What parent and child tell each other over IPC. */

/** Parent to child, once, as the first message. */
export interface StartMessage {
  kind: 'start';
  dataDir: string;
  host: string;
  port: number;
  password: string;
}

/** Parent to child: drain and end. */
export interface StopMessage {
  kind: 'stop';
}

/** Child to parent: exactly one of these answers a start. */
export type StartedMessage =
  | { kind: 'ready'; port: number }
  | { kind: 'failed'; reason: FailureReason; detail: string };

export type FailureReason = 'engine-missing' | 'engine-refused' | 'port' | 'other';
