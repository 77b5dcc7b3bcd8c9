// The settings files of coding agents: where each keeps its MCP servers, and what an entry looks like there.

/** How a file is written. */
export type Syntax = 'json' | 'toml';

export interface ClientFile {
  /** The agent's name on the command line. */
  readonly client: string;
  /** Relative to the repository. */
  readonly path: string;
  readonly syntax: Syntax;
  /** The key under which servers stand, by name. */
  readonly section: string;
  /** The entry; `token` is whether the service asks for one. */
  entry(url: string, token: boolean): Readonly<Record<string, unknown>>;
}

/** The variable that holds the token: settings files are committed, tokens are not. */
export const TOKEN_VARIABLE = 'FAULTLINE_TOKEN';

const http = (url: string, token: boolean, reference: string) => ({
  type: 'http',
  url,
  ...(token && { headers: { Authorization: `Bearer ${reference}` } }),
});

/** As the documents of each agent describe its project settings. */
export const CLIENTS: readonly ClientFile[] = [
  {
    client: 'claude-code',
    path: '.mcp.json',
    syntax: 'json',
    section: 'mcpServers',
    entry: (url, token) => http(url, token, `\${${TOKEN_VARIABLE}}`),
  },
  {
    client: 'cursor',
    path: '.cursor/mcp.json',
    syntax: 'json',
    section: 'mcpServers',
    entry: (url, token) => http(url, token, `\${env:${TOKEN_VARIABLE}}`),
  },
  {
    client: 'vscode',
    path: '.vscode/mcp.json',
    syntax: 'json',
    section: 'servers',
    entry: (url, token) => http(url, token, `\${env:${TOKEN_VARIABLE}}`),
  },
  {
    client: 'codex',
    path: '.codex/config.toml',
    syntax: 'toml',
    section: 'mcp_servers',
    entry: (url, token) => ({ url, ...(token && { bearer_token_env_var: TOKEN_VARIABLE }) }),
  },
];
