export function hashInputs(root: string): string;
