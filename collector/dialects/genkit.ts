import { type Dialect, firstText, type Meaning } from './dialect.ts';
import { namedPart } from './names.ts';

const GENKIT_SUBTYPES: Readonly<Record<string, Meaning['part']>> = {
  flow: 'graph',
  prompt: 'step',
  flowStep: 'node',
  agent: 'agent',
};

export const genkit: Dialect = {
  name: 'genkit',
  title: 'Genkit',
  frameworks: ['Genkit'],
  reference: 'https://genkit.dev/docs/observability/telemetry-collection/',
  reports: 'flows, their steps, agents, models and tools with inputs',
  hides: 'sessions',
  prefixes: ['genkit:'],
  parts: [
    { key: 'genkit:metadata:subtype', values: Object.keys(GENKIT_SUBTYPES) },
    { key: 'genkit:type', values: ['flow', 'flowStep'] },
  ],
  calls: [{ key: 'genkit:metadata:subtype', values: { model: ['model'], tool: ['tool'] } }],
  outputs: ['genkit:output'],
  read(span) {
    const type = firstText(span.text('genkit:metadata:subtype'), span.text('genkit:type'));
    if (type === undefined) return undefined;
    const part = GENKIT_SUBTYPES[type] ?? 'operation';
    return {
      ...(part === 'operation' ? { part } : namedPart(part, span.text('genkit:name') || span.name)),
      session: span.text('genkit:sessionId'),
      input: span.text('genkit:input'),
      isFailed: span.text('genkit:state') === 'error' || undefined,
    };
  },
};
