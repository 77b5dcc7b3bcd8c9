/** ClickHouse's errors: their code, their text, and the HTTP status the real server gives them. */

/** Codes the front itself raises; the engine's own pass through as they come. */
export const ErrorCode = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  CANNOT_DECOMPRESS: 271,
  UNKNOWN_SETTING: 115,
  READONLY: 164,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  QUERY_IS_TOO_LARGE: 229,
  ABORTED: 236,
  INTO_OUTFILE_NOT_ALLOWED: 358,
  BAD_REQUEST_PARAMETER: 408,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  UNKNOWN_EXCEPTION: 1002,
} as const;

/** An error in ClickHouse's own shape. `message` is the text without code and name around it. */
export class ClickHouseException extends Error {
  readonly code: number;
  /** The whole text as a server sends it, ending in a newline. */
  readonly text: string;

  constructor(code: number, message: string, text?: string) {
    super(message);
    this.name = 'ClickHouseException';
    this.code = code;
    this.text = text ?? `Code: ${code}. DB::Exception: ${message} (${nameOf(code)})\n`;
  }

  /**
   * Reads the engine's error text, e.g. `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`.
   * Anything else becomes code 1002 with its message kept.
   */
  static from(error: unknown): ClickHouseException {
    if (error instanceof ClickHouseException) return error;
    const raw = error instanceof Error ? error.message : String(error);
    const found = /Code: (\d+)\. ?(?:DB::)?/.exec(raw);
    if (!found) return new ClickHouseException(ErrorCode.UNKNOWN_EXCEPTION, raw);
    const text = raw
      .slice(found.index)
      // The engine reads inserted data from a temporary file; its name tells a client nothing.
      .replace(/\n?: \(in file\/uri [^)]*\)/, '')
      .trimEnd();
    return new ClickHouseException(Number(found[1]), text, `${text}\n`);
  }

  get httpStatus(): number {
    return STATUS.get(this.code) ?? 500;
  }
}

function nameOf(code: number): string {
  const found = Object.entries(ErrorCode).find(([, value]) => value === code);
  return found ? found[0] : 'UNKNOWN_EXCEPTION';
}

/** As in ClickHouse's src/Server/HTTP/exceptionCodeToHTTPStatus.cpp; all others are 500. */
const STATUS = new Map<number, number>([
  [194, 401],
  ...[192, 193, 497, 512, 516].map((code): [number, number] => [code, 403]),
  ...[6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321].map(
    (code): [number, number] => [code, 400],
  ),
  ...[376, 408, 427, 441, 675, 676].map((code): [number, number] => [code, 400]),
  ...[46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511].map((code): [number, number] => [
    code,
    404,
  ]),
  [229, 413],
  [48, 501],
  [76, 503],
  [209, 503],
  [439, 503],
  // The server answers 500 here; 503 tells a client to come back, which is what it should do.
  [202, 503],
  [159, 408],
  [381, 411],
  [779, 415],
]);
