// Replays: processes that run a case again. Their spans are no part of production, so the collector skips
// them; the process that runs the case receives them here instead, in memory.
import pino from 'pino';
import { linkedRows } from '../linking/linked-rows.ts';
import type { Intake, Sink } from '../queue/sink.ts';
import { appendRows, emptyRows, type Rows } from '../rows/rows.ts';
import { openDoors } from './doors.ts';
import { LogService } from './logs.ts';
import { TraceService } from './traces.ts';

const MAX_BODY_MIB = 16;

/** Receives what one replay sends. */
export interface ReplayReceiver {
  /** Base of the OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
  url: string;
  /** Of the OTLP/gRPC endpoint. */
  grpcUrl: string;
  /** The rows as they would stand in the tables once everything was linked. */
  rows(): Rows;
  close(): Promise<void>;
}

/** Opens a receiver on free ports of the loopback address; nothing that it receives is stored. */
export async function openReplayReceiver(): Promise<ReplayReceiver> {
  const received = emptyRows();
  const sink: Sink = {
    open: () => intakeOf(received),
    receivedAt: (_traceId, _spanId, now) => now,
  };
  const doors = await openDoors(
    {
      host: '127.0.0.1',
      otlpHttpPort: 0,
      otlpGrpcPort: 0,
      maxBodyMib: MAX_BODY_MIB,
      logger: pino({ level: 'silent' }),
    },
    [
      new TraceService(sink, 'agents', undefined, undefined, 'kept'),
      new LogService(sink, undefined, undefined, 'kept'),
    ],
    async () => undefined,
  );
  return {
    url: doors.url,
    grpcUrl: doors.grpcUrl!,
    rows: () => linkedRows(received),
    close: doors.close,
  };
}

function intakeOf(received: Rows): Intake {
  const all = emptyRows();
  return {
    add: (rows) => appendRows(all, rows),
    commit: async () => appendRows(received, all),
  };
}
