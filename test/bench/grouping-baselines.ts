// What a simple rule reaches on the same inputs, to hold the product's figures against.

type Failure = { error_type: string; error_message: string; stack_trace?: string };

/** Type and message with the usual masks: quotes, URLs, paths, hex, numbers. */
export function masked({ error_type, error_message }: Failure): string {
  const message = error_message
    .slice(0, 2000)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<q>')
    .replace(/\bhttps?:\/\/\S+/g, '<url>')
    .replace(/(?:[A-Za-z]:)?(?:[/\\][\w.~-]+){2,}/g, '<path>')
    .replace(/\b(?:0x)?[0-9a-f]{8,}\b/gi, '<hex>')
    .replace(/\d+(?:\.\d+)*/g, '<num>');
  return `${error_type}\n${message}`;
}

/** Type and the frame where it was raised, as text; the masked message where there is no stack. */
export function raised(failure: Failure): string {
  const lines = (failure.stack_trace ?? '').split('\n').map((line) => line.trim());
  const python = lines.findLast((line) => line.startsWith('File "'));
  const frame = python ?? lines.find((line) => line.startsWith('at '));
  if (frame === undefined) return masked(failure);
  const name = frame.startsWith('at ') ? frame.slice(3, frame.lastIndexOf('(')) : '';
  const place = frame.replace(/^.*(?:-packages|node_modules)[/\\]/, '').replace(/\d+/g, '');
  return `${failure.error_type}\n${name}\n${place}`;
}
