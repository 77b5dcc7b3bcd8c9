// Official MCP clients, connected to a query service in both ways.
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { faultline } from '../../support/executable.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

type Mode = 'legacy' | 'auto';

export async function overStdio(url: string, token?: string, more: string[] = [], mode?: Mode) {
  const client = newClient(mode);
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

export async function overHttp(url: string, token?: string, mode?: Mode) {
  const client = newClient(mode);
  await client.connect(
    new StreamableHTTPClientTransport(new URL('/mcp', url), {
      ...(token && { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    }),
  );
  return client;
}

const newClient = (mode: Mode = 'legacy'): Client =>
  new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });

/** What a tool answered: its text and its data. */
export async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
  const [first] = content as { type: string; text: string }[];
  return {
    text: first?.text ?? '',
    // biome-ignore lint/suspicious/noExplicitAny: the tests look into it as they expect it
    data: structuredContent as any,
    isError: isError ?? false,
  };
}
