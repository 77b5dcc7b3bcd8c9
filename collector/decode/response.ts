// What a receiver answers: Export<signal>ServiceResponse and google.rpc.Status, in both encodings.
import { PbfWriter } from 'pbf';
import type { Signal } from './signals.ts';

export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** Codes of google.rpc.Code. */
export const RPC_INVALID_ARGUMENT = 3;
export const RPC_NOT_FOUND = 5;
export const RPC_PERMISSION_DENIED = 7;
export const RPC_RESOURCE_EXHAUSTED = 8;
export const RPC_UNIMPLEMENTED = 12;
export const RPC_INTERNAL = 13;
export const RPC_UNAVAILABLE = 14;
export const RPC_UNAUTHENTICATED = 16;

/**
 * Export<signal>ServiceResponse. Full success (nothing rejected, nothing to say) leaves
 * partial_success unset, as the specification asks.
 */
export function exportResponse(
  encoding: Encoding,
  { rejectedField }: Signal,
  rejected: number,
  message: string,
): Buffer {
  if (rejected === 0 && message === '') return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'json') {
    // A 64-bit integer is text in protobuf's JSON.
    const partialSuccess = { [rejectedField]: String(rejected), errorMessage: message };
    return toJson({ partialSuccess });
  }
  return encode((response) => {
    response.writeMessage(
      1,
      (_nothing, partial) => {
        partial.writeVarintField(1, rejected);
        partial.writeStringField(2, message);
      },
      null,
    );
  });
}

/** One of google.rpc.Status's details: a message of google.rpc in both encodings. */
export interface StatusDetail {
  /** Such as 'google.rpc.RetryInfo'. */
  type: string;
  protobuf: Buffer;
  json: object;
}

/** Says which field of a request is wrong; '' is the body as a whole. */
export function badRequest(field: string, description: string): StatusDetail {
  return {
    type: 'google.rpc.BadRequest',
    protobuf: encode((details) => {
      details.writeMessage(
        1,
        (_nothing, violation) => {
          violation.writeStringField(1, field);
          violation.writeStringField(2, description);
        },
        null,
      );
    }),
    json: { fieldViolations: [{ field, description }] },
  };
}

/** Says when to try again. */
export function retryInfo(seconds: number): StatusDetail {
  return {
    type: 'google.rpc.RetryInfo',
    protobuf: encode((info) => {
      info.writeMessage(1, (_nothing, delay) => delay.writeVarintField(1, seconds), null);
    }),
    json: { retryDelay: `${seconds}s` },
  };
}

/** google.rpc.Status. */
export function rpcStatus(
  encoding: Encoding,
  code: number,
  message: string,
  details: StatusDetail[] = [],
): Buffer {
  if (encoding === 'json') {
    const any = details.map(({ type, json }) => ({ '@type': TYPE_URL + type, ...json }));
    return toJson({ code, message, ...(any.length > 0 ? { details: any } : {}) });
  }
  return encode((status) => {
    status.writeVarintField(1, code);
    status.writeStringField(2, message);
    for (const detail of details) status.writeMessage(3, writeAny, detail);
  });
}

const TYPE_URL = 'type.googleapis.com/';

function writeAny({ type, protobuf }: StatusDetail, any: PbfWriter): void {
  any.writeStringField(1, TYPE_URL + type);
  any.writeBytesField(2, protobuf);
}

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function encode(write: (writer: PbfWriter) => void): Buffer {
  const writer = new PbfWriter();
  write(writer);
  return Buffer.from(writer.finish());
}
