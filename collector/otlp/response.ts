// What a receiver answers: ExportTraceServiceResponse and google.rpc.Status, in both encodings.
import { PbfWriter } from 'pbf';

export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** Codes of google.rpc.Code. */
export const RPC_INVALID_ARGUMENT = 3;
export const RPC_NOT_FOUND = 5;
export const RPC_RESOURCE_EXHAUSTED = 8;
export const RPC_UNIMPLEMENTED = 12;
export const RPC_INTERNAL = 13;
export const RPC_UNAVAILABLE = 14;
export const RPC_UNAUTHENTICATED = 16;

/**
 * ExportTraceServiceResponse. Full success (nothing rejected, nothing to say) leaves partial_success
 * unset, as the specification asks.
 */
export function exportResponse(encoding: Encoding, rejectedSpans: number, message: string): Buffer {
  if (rejectedSpans === 0 && message === '') return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'json') {
    // A 64-bit integer is text in protobuf's JSON.
    return toJson({
      partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage: message },
    });
  }
  return encode((response) => {
    response.writeMessage(
      1,
      (_nothing, partial) => {
        partial.writeVarintField(1, rejectedSpans);
        partial.writeStringField(2, message);
      },
      null,
    );
  });
}

/** google.rpc.Status with a code and a message. */
export function rpcStatus(encoding: Encoding, code: number, message: string): Buffer {
  if (encoding === 'json') return toJson({ code, message });
  return encode((status) => {
    status.writeVarintField(1, code);
    status.writeStringField(2, message);
  });
}

/** google.rpc.Status in protobuf, with a google.rpc.RetryInfo that says when to try again. */
export function rpcStatusWithRetry(code: number, message: string, seconds: number): Buffer {
  return encode((status) => {
    status.writeVarintField(1, code);
    status.writeStringField(2, message);
    status.writeMessage(
      3,
      (_nothing, any) => {
        any.writeStringField(1, 'type.googleapis.com/google.rpc.RetryInfo');
        any.writeBytesField(
          2,
          encode((info) => info.writeMessage(1, writeSeconds, seconds)),
        );
      },
      null,
    );
  });
}

function writeSeconds(seconds: number, duration: PbfWriter): void {
  duration.writeVarintField(1, seconds);
}

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function encode(write: (writer: PbfWriter) => void): Buffer {
  const writer = new PbfWriter();
  write(writer);
  return Buffer.from(writer.finish());
}
