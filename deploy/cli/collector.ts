// What the verbs share that ask the collector: its address, and how it is asked.
import { type Command, Option } from 'commander';
import { AccessDeniedError, InvalidInputError, UnavailableError } from '../../query/base/errors.ts';

export interface CollectorOptions {
  collectorUrl: string;
  token?: string;
  json?: boolean;
}

/** Adds the address of the collector and what it asks for. */
export function atCollector(command: Command): Command {
  return command
    .addOption(
      new Option('--collector-url <url>', 'the collector')
        .default('http://127.0.0.1:4318')
        .env('FAULTLINE_COLLECTOR_URL'),
    )
    .addOption(
      new Option('--token <token>', 'admin token, where the collector asks for one').env(
        'FAULTLINE_TOKEN',
      ),
    )
    .option('--json', 'print JSON');
}

/**
 * Asks the collector.
 * @throws {UnavailableError} when none answers, {AccessDeniedError} for a token without the right
 */
export async function askCollector<T>(
  { collectorUrl, token }: CollectorOptions,
  method: string,
  path: string,
  content?: object,
): Promise<T> {
  const url = `${collectorUrl.replace(/\/+$/, '')}${path}`;
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  if (content) headers['content-type'] = 'application/json';
  const body = content ? { body: JSON.stringify(content) } : {};
  const response = await fetch(url, { method, headers, ...body }).catch((error: Error) => {
    const cause = (error.cause as Error | undefined)?.message ?? error.message;
    throw new UnavailableError(
      `no collector answers at ${collectorUrl} (${cause}): give --collector-url`,
    );
  });
  const answer = (await response.json().catch(() => ({}))) as T & { title?: string };
  if (!response.ok) {
    throw refusal(response.status, answer.title ?? `${collectorUrl} answered ${response.status}`);
  }
  return answer;
}

function refusal(status: number, message: string): Error {
  if (status === 401 || status === 403) return new AccessDeniedError(status, message);
  if (status === 400)
    return new InvalidInputError(message.split(':')[0]!, message.replace(/^\w+: /, ''));
  return status >= 500 ? new UnavailableError(message) : new Error(message);
}
