// Official MCP clients, connected to a query service in both ways.
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { faultline } from '../../support/executable.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

type Mode = 'legacy' | 'auto';

/** For each client one that asks for data, of the same server and with the same rights. */
const twins = new WeakMap<Client, () => Promise<Client>>();

export async function overStdio(url: string, token?: string, more: string[] = [], mode?: Mode) {
  const client = newClient(mode);
  const data = ['--answers', 'data'];
  if (!more.includes('data'))
    withTwin(client, () => overStdio(url, token, [...more, ...data], mode));
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [...faultline, 'mcp', '--url', url, ...more],
      cwd: root,
      env: { PATH: process.env.PATH ?? '', ...(token && { FAULTLINE_TOKEN: token }) },
    }),
  );
  return client;
}

export async function overHttp(url: string, token?: string, mode?: Mode, path = '/mcp') {
  const client = newClient(mode);
  const data = '/mcp?answers=data';
  if (path !== data) withTwin(client, () => overHttp(url, token, mode, data));
  await client.connect(
    new StreamableHTTPClientTransport(new URL(path, url), {
      ...(token && { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    }),
  );
  return client;
}

const newClient = (mode: Mode = 'legacy'): Client =>
  new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });

function withTwin(client: Client, open: () => Promise<Client>): void {
  let opened: Promise<Client> | undefined;
  const close = client.close.bind(client);
  client.close = async () => {
    await Promise.all([close(), opened?.then((twin) => twin.close())]);
  };
  twins.set(client, () => {
    opened ??= open();
    return opened;
  });
}

const CHANGING = ['record_evolution', 'change_failure_group'];

/**
 * What a tool answers: its text, and its data, which has to be asked for by another client. What changes
 * something is called once, for its data.
 */
export async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const twin = await twins.get(client)!();
  const { structuredContent, ...answered } = await twin.callTool({ name, arguments: args });
  const { text, isError } = textOf(answered);
  if (isError) return { text, data: undefined, isError };
  if (text !== '') throw new Error(`the text of an answer in data: ${text}`);
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it as they expect it
  const data = structuredContent as any;
  return CHANGING.includes(name)
    ? { text, data, isError }
    : { ...(await callForText(client, name, args)), data };
}

/** What a tool answers to a client that asked for nothing special. */
export async function callForText(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean }> {
  const { structuredContent, ...answered } = await client.callTool({ name, arguments: args });
  if (structuredContent !== undefined) throw new Error('an answer in text has data too');
  return textOf(answered);
}

function textOf({ content, isError }: { content: unknown; isError?: boolean | undefined }) {
  const [first] = content as { type: string; text: string }[];
  return { text: first?.text ?? '', isError: isError ?? false };
}
