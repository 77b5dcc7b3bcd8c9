// Records of Hive for tests: those in `test/fixtures/hive`, moved to yesterday so that no retention ever
// reaches them, and lines written here in Hive's formats.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { WatchOptions } from '../../../deploy/hive/index.ts';
import { watchHive } from '../../../deploy/hive/index.ts';
import { type ReceivedSpan, Receiver } from '../../instrumentation/receiver.ts';

export const fixtures = fileURLToPath(new URL('../../fixtures/hive/', import.meta.url));
export const graphFile = join(fixtures, 'agent.json');

const RECORDED_ON = ['2026-11-23', '20261123'] as const;

const parent = mkdtempSync(join(tmpdir(), 'faultline-hive-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** An empty folder that goes with the test file. */
export const newFolder = (): string => {
  // Test files may share this module, and the first to end removes what all have made.
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'folder-'));
};

/** A copy of a recorded folder, such as `v0.6.5`, in a new folder. */
export function recorded(version: string): string {
  const dir = newFolder();
  copy(join(fixtures, version), dir);
  return dir;
}

function copy(from: string, to: string): void {
  const day = new Date(Date.now() - 24 * 3600 * 1000).toISOString().slice(0, 10);
  const moved = (text: string) =>
    text.replaceAll(RECORDED_ON[0], day).replaceAll(RECORDED_ON[1], day.replaceAll('-', ''));
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = join(to, moved(path.slice(from.length)));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, moved(readFileSync(path, 'utf8')));
  }
}

/** One line of an event dump, a second after the one before. */
export class EventWriter {
  readonly file: string;
  #second = 0;

  constructor(dir: string, name = '20260306_120000.jsonl') {
    mkdirSync(dir, { recursive: true });
    this.file = join(dir, name);
  }

  line(type: string, over: Record<string, unknown> = {}): string {
    this.#second += 1;
    const timestamp = new Date(Date.now() - 3600_000 + this.#second * 1000).toISOString();
    return `${JSON.stringify({
      type,
      stream_id: 'default',
      node_id: null,
      execution_id: 'session_a',
      data: {},
      timestamp: `${timestamp.slice(0, -1)}456+00:00`,
      correlation_id: null,
      graph_id: 'ledger',
      ...over,
    })}\n`;
  }

  write(type: string, over: Record<string, unknown> = {}): void {
    appendFileSync(this.file, this.line(type, over));
  }
}

export interface Watched {
  readonly spans: readonly ReceivedSpan[];
  readonly said: readonly string[];
  /** Spans that arrived, those sent twice counted twice. */
  readonly taken: number;
}

/** Reads a folder once into a receiver of its own. */
export async function watchOnce(
  dir: string,
  over: Partial<WatchOptions> = {},
  receiver = new Receiver(),
): Promise<Watched> {
  await receiver.start();
  const said: string[] = [];
  try {
    await watchHive({
      dir,
      endpoint: { url: `${receiver.url}/v1/traces`, headers: {} },
      stateFile: join(newFolder(), 'state.json'),
      once: true,
      say: (file, trouble) => said.push(`${file.slice(dir.length + 1)}: ${trouble}`),
      signal: new AbortController().signal,
      ...over,
    });
  } finally {
    await receiver.stop();
  }
  return { spans: receiver.spans, said, taken: receiver.taken };
}

/** The spans of one session, told as lines that are easy to compare. */
export function story(spans: readonly ReceivedSpan[], session: string): string[] {
  return spans
    .filter(({ attributes }) => attributes['gen_ai.conversation.id'].endsWith(session))
    .map(lineOf);
}

function lineOf({ name, attributes, statusCode }: ReceivedSpan): string {
  const node = attributes['graph.node.id'];
  const words: unknown[] = [name.split(' ')[0]];
  if (node) words.push(node, attributes['graph.node.attempt'], attributes['graph.node.visit']);
  words.push(attributes['graph.run.outcome']);
  if (statusCode === 2) {
    words.push(attributes['failure.root.span_id'] ? 'follows' : attributes['error.type']);
    words.push(attributes['failure.class'], attributes['failure.disposition']);
  }
  return words.filter((word) => word !== undefined).join(' ');
}

/** What makes a span a row: two that agree here are one row. */
export function identities(spans: readonly ReceivedSpan[]): string[] {
  return spans
    .map(({ traceId, spanId, startNs, endNs, attributes, statusMessage }) =>
      [
        traceId,
        spanId,
        startNs,
        endNs,
        attributes['gen_ai.agent.id'],
        attributes['graph.snapshot.ref'],
        attributes['graph.run.outcome'] ?? '',
        statusMessage,
      ].join(' '),
    )
    .sort();
}
