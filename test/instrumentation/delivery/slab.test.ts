// What waits to be sent holds little more memory than its own bytes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SpanStatusCode } from '@opentelemetry/api';
import { afterAll, expect, test } from 'vitest';
import { createPipelineWithQueue } from '../../../instrumentation/delivery/pipeline.ts';
import { Slab } from '../../../instrumentation/delivery/slab.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultline-slab-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('each buffer is its own, whatever its size', () => {
  const slab = new Slab();
  const sizes = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 20_000);
  const buffers = sizes.map((size, i) => slab.take(size).fill(i % 256));
  expect(buffers.map(({ length }) => length)).toEqual(sizes);
  expect(buffers.every((buffer, i) => buffer.every((byte) => byte === i % 256))).toBe(true);
  const held = [...new Set(buffers.map(({ buffer }) => buffer))];
  const bytes = (parts: readonly { byteLength: number }[]) =>
    parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes(held)).toBeLessThan(bytes(buffers) * 1.35);
});

test('failures that wait, each written to the spool too', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const arrayBuffers = () => {
    // What one collection finds is freed in another thread; the next waits for that.
    collect();
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  // Nobody listens there, and nothing is sent before the test is over.
  const { pipeline, queue } = createPipelineWithQueue({
    endpoint: 'http://127.0.0.1:9',
    spool: folder,
  });
  const before = arrayBuffers();
  const [count, bytes] = [3000, 3000];
  for (let i = 0; i < count; i += 1) {
    const span = pipeline.tracer.startSpan('execute_node a');
    span.setAttribute('failure.input', `${i}${'x'.repeat(bytes)}`);
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
  const held = arrayBuffers() - before;
  expect(queue.pending).toBe(count);
  expect(held).toBeGreaterThan(count * bytes);
  expect(held).toBeLessThan(count * bytes * 1.5);
  queue.flushSync(0);
});
