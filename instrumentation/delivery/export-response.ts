// The one number that is read of an OTLP `ExportTraceServiceResponse`.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const PARTIAL_SUCCESS = 1;
const REJECTED_SPANS = 1;

/**
 * How many spans a receiver says that it rejected (`partial_success.rejected_spans`); 0 for what is no
 * such response.
 */
export function rejectedSpans(response: Uint8Array): number {
  let count = 0;
  readFields(response, (field, value) => {
    if (field !== PARTIAL_SUCCESS || typeof value === 'bigint') return;
    readFields(value, (inner, number) => {
      if (inner === REJECTED_SPANS && typeof number === 'bigint') count = Number(number);
    });
  });
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Visits fields that are varints or bytes, until the message ends or makes no sense. */
function readFields(
  bytes: Uint8Array,
  visit: (field: number, value: bigint | Uint8Array) => void,
): void {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    at = bytes.length;
    return 0n;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    if (type === VARINT) visit(tag >>> 3, varint());
    else if (type === FIXED64) at += 8;
    else if (type === FIXED32) at += 4;
    else if (type === BYTES) {
      const length = Number(varint());
      if (length < 0 || length > bytes.length - at) return;
      visit(tag >>> 3, bytes.subarray(at, at + length));
      at += length;
    } else return;
  }
}
