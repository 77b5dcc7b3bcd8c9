// `faultline engine`: only ClickHouse, out of the same library and with the same users as under `faultline start`.
import type { Command } from 'commander';
import { outliveReader } from '../exit.ts';
import { examples } from '../terminal/help.ts';

interface EngineFlags {
  dataDir: string;
  httpPort: string;
  nativePort?: string;
  config?: string;
  json?: boolean;
}

/** Adds the verb to the program. */
export function addEngineVerb(program: Command): void {
  examples(
    program.command('engine'),
    'faultline engine --data-dir /var/lib/faultline --native-port 9000',
    'faultline engine --data-dir shard-1 --http-port 8124 --native-port 9001 --config shards.xml',
  )
    .description('only embedded ClickHouse, for trial clusters and for looking into a data folder')
    .option('--data-dir <folder>', 'its data, made if it is not there', './.faultline')
    .option('--http-port <port>', 'HTTP; 0 = any free one', '8123')
    .option('--native-port <port>', 'native protocol; 0 = any free one (default closed)')
    .option('--config <file>', 'XML that ClickHouse merges into its configuration')
    .option('--json', 'print JSON lines')
    .action(run);
}

async function run({ dataDir, httpPort, nativePort, config, json }: EngineFlags): Promise<void> {
  const { portNumber } = await import('../../settings.ts');
  const { superviseEngine } = await import('../../engine/supervise.ts');
  const { passwordFile, refuseUnfinishedRestore } = await import('../../engine/folder.ts');
  const { createLogger } = await import('../../logger.ts');
  const logger = createLogger({ 'log-format': json ? 'json' : 'pretty', 'log-level': 'info' });
  outliveReader();
  refuseUnfinishedRestore(dataDir);
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => resolve(signal));
    }
  });
  const engine = await superviseEngine(
    {
      dataDir,
      port: portNumber('--http-port', httpPort),
      nativePort: nativePort === undefined ? undefined : portNumber('--native-port', nativePort),
      portFlags: { http: '--http-port', native: '--native-port' },
      configFile: config,
    },
    logger,
  );
  const native = engine.native === undefined ? {} : { clickhouseNative: engine.native };
  logger.info({ clickhouse: engine.url, ...native, dataDir, pid: engine.pid }, 'ready');
  if (!json) {
    const file = passwordFile(dataDir, 'faultline');
    logger.info(`user faultline writes, reader reads; the passwords are in ${file} and beside it`);
  }
  logger.info(`${await signalled}: stopping`);
  await engine.stop();
  process.exit(0);
}
