// The environment variables of the instrumentation, for JavaScript and Python. docs/settings.md is made from this.

/** Environment variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface Variable {
  /** What happens without it, as a phrase. */
  readonly fallback: string;
  readonly meaning: string;
  /** @default both languages */
  readonly only?: 'JavaScript' | 'Python';
}

export const VARIABLES = {
  FAULTLINE_OTLP_ENDPOINT: {
    fallback: "OpenTelemetry's own variables, else `http://127.0.0.1:4318`",
    meaning: 'base address of the collector, where failures, attempts and runs are sent',
  },
  FAULTLINE_AGENT_ID: {
    fallback: "the graph's name, else the service's",
    meaning: 'id of the agent, where the code names none',
  },
  FAULTLINE_DISABLED: { fallback: 'off', meaning: '`true`: nothing is instrumented' },
  FAULTLINE_DEBUG: {
    fallback: 'one line at the start',
    meaning: '`1`: also which frameworks were hooked and why not; `0`: only what went wrong',
    only: 'JavaScript',
  },
  FAULTLINE_EXPORT: {
    fallback: '`own`',
    meaning:
      "`app`: everything goes through the app's own provider and exporter, with its sampling and without spool and retry",
  },
  FAULTLINE_APP_TRACING: {
    fallback: 'on, where OpenTelemetry is configured and its SDK is installed',
    meaning: "`off`: the app's own spans are not sent",
    only: 'JavaScript',
  },
  FAULTLINE_SPOOL: { fallback: 'on', meaning: '`off`: no files; what is not sent is lost at exit' },
  FAULTLINE_SPOOL_DIR: {
    fallback:
      '`$XDG_STATE_HOME/faultline-spool`, else `faultline-spool-<user id>` in the folder for temporary files',
    meaning: 'folder of the spool; a volume that outlives the container',
  },
  FAULTLINE_SPOOL_MAX_MIB: {
    fallback: '64',
    meaning: 'bound of the spool for each thread of a process, in MiB',
  },
  FAULTLINE_REPLAY: {
    fallback: 'off',
    meaning:
      'set by `faultline verify`: the process runs a case again; its spans are marked and counted nowhere',
  },
  FAULTLINE_REDACT_DENY: {
    fallback: 'none',
    meaning: 'paths of inputs and state that are never sent, separated by commas',
  },
  FAULTLINE_REDACT_ALLOW: {
    fallback: 'none',
    meaning: 'paths that the built-in redaction leaves as they are, separated by commas',
  },
  FAULTLINE_LOG_FAILURES: {
    fallback: 'off',
    meaning: '`console`: a line on standard error for each failure',
    only: 'JavaScript',
  },
  FAULTLINE_QUERY_URL: {
    fallback: 'none: own counts of the process only',
    meaning: 'base address of the query service, for retry advice and failure state',
  },
  FAULTLINE_TOKEN: { fallback: 'none', meaning: 'bearer token for the query service' },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

/** The value without space around it; '' if it is not set. */
export const variable = (name: VariableName, env: Environment = process.env): string =>
  env[name]?.trim() ?? '';

export const isOn = (value: string): boolean => /^(?:true|1|yes|on)$/i.test(value);
export const isOff = (value: string): boolean => /^(?:false|0|no|off)$/i.test(value);
