// Links to a trace where the pipeline's owner looks at traces: Jaeger, Tempo, Langfuse and the like.

/** What a template of an address may hold, in braces. */
const PLACES = ['trace_id', 'span_id', 'service_name'] as const;

type Place = (typeof PLACES)[number];

/** What is wrong with a template of an address; undefined when nothing is. */
export function templateFault(template: string): string | undefined {
  if (!/^https?:\/\/[^/{}\s]/i.test(template) || /[\s<>"'`]/.test(template)) {
    return 'expected an http or https address without spaces and quotes';
  }
  return template.includes('{trace_id}') ? undefined : 'expected an address with {trace_id} in it';
}

/**
 * The address of a span in its trace.
 * @param template as `--trace-url` has it
 * @returns '' without a template
 */
export function traceUrl(
  template: string | undefined,
  span: Readonly<Record<Place, string>>,
): string {
  if (template === undefined) return '';
  return PLACES.reduce(
    (url, place) => url.replaceAll(`{${place}}`, () => encodeURIComponent(span[place])),
    template,
  );
}
