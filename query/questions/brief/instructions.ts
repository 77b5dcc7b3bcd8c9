// Text from outside that reads like an order to the model: it is marked for the reader, never removed.

const CHARACTERS = 8192;

// Every repetition is bounded, so that no text makes them slow.
const PATTERNS = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|your|these)\b.{0,40}\b(?:instructions?|prompts?|rules?|messages?|context)\b/is,
  /\b(?:new|updated|important|additional) instructions?\b\s{0,3}:/i,
  /\byou (?:are now|must now|should now)\b/i,
  /\b(?:system|developer) (?:prompt|message)\b/i,
  /^\s{0,8}#{0,6}\s{0,3}(?:system|assistant|user|human|developer)\s{0,3}:/im,
  /<\|[^|>]{1,40}\|>|\[\/?INST\]|<\/?(?:system|assistant|user|instructions?|tool_call|function_calls?)>/i,
  /\b(?:do not|don't|never) (?:tell|inform|mention|reveal|warn)\b.{0,40}\b(?:user|human|anyone|operator|developer)/is,
  /\b(?:run|execute|call|invoke)\b.{0,20}\b(?:this|the following|these)\b.{0,20}\b(?:commands?|code|scripts?|tools?|functions?)\b/is,
];

/** Whether a text reads like an instruction, by a short list of patterns. It may be harmless. */
export function readsLikeInstruction(text: string): boolean {
  const start = text.slice(0, CHARACTERS);
  return PATTERNS.some((pattern) => pattern.test(start));
}
