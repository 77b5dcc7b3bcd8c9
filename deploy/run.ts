// Keeps `faultline start` in the foreground until a signal ends it.
import type { Logger } from 'pino';
import { passwordFile } from './engine/folder.ts';
import type { Settings } from './settings.ts';
import type { Running, start } from './start.ts';

/** Starts, says so, and ends with exit code 0 on SIGTERM or SIGINT, 1 when the storage breaks. */
export async function runUntilSignal(
  settings: Settings,
  logger: Logger,
  startAll: typeof start,
): Promise<void> {
  // Listening from the first moment on, so that a signal during the start ends it cleanly too.
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => resolve(signal));
  });
  const running = await startAll(settings, logger);
  if (settings['log-format'] === 'json') logger.info(addressesOf(running), 'ready');
  else {
    logger.info('ready');
    console.log(['', ...addressLines(running, settings), ''].join('\n'));
  }
  const ended = await Promise.race([signalled, running.broken]);
  if (ended instanceof Error) logger.fatal(ended.message);
  else logger.info(`${ended}: stopping`);
  await running.stop();
  process.exit(ended instanceof Error ? 1 : 0);
}

/** Those that the role has. */
function addressesOf(running: Running): Partial<Running> {
  const { otlpHttp, otlpGrpc, query, clickhouse, clickhouseNative } = running;
  const all = { otlpHttp, otlpGrpc, query, clickhouse, clickhouseNative };
  return Object.fromEntries(Object.entries(all).filter(([, address]) => address));
}

function addressLines(running: Running, settings: Settings): string[] {
  const { otlpHttp, otlpGrpc, query, clickhouse, clickhouseNative } = running;
  return [
    ...(otlpHttp
      ? [`  send spans to   ${otlpHttp}/v1/traces   (OTLP over HTTP, protobuf or JSON)`]
      : []),
    ...(otlpGrpc ? [`                  ${otlpGrpc}   (OTLP over gRPC)`] : []),
    ...(query ? [`  look and ask    ${query}   (page; /api/v1, /mcp)`] : []),
    `  SQL             ${clickhouse}${sqlUser(settings)}`,
    ...(clickhouseNative ? [`                  ${clickhouseNative}   (native protocol)`] : []),
  ];
}

/** Who may ask there; on a server of the user's own they know. */
function sqlUser(settings: Settings): string {
  if (settings['clickhouse-url'].length > 0) return '';
  const file = passwordFile(settings['data-dir'], 'reader');
  return `   (user reader, its password is in ${file})`;
}
