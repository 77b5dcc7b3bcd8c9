import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonLogs } from '../../../collector/decode/json-logs.ts';
import type { LogReadResult, LogRecord } from '../../../collector/decode/log-record.ts';
import { readProtobufLogs } from '../../../collector/decode/protobuf-logs.ts';
import { DecodeError } from '../../../collector/decode/span.ts';
import { atOnce } from '../../../collector/decode/turns.ts';
import { anyLogsRequest } from '../../support/log-requests.ts';
import {
  logException,
  logsToJson,
  logsToProtobuf,
  plainLog,
  recordLogs,
} from '../../support/sdk-logs.ts';
import { type DecodedRecord, decodeLogsFully } from './full-decode.ts';
import { encodeLogs, LogsRequest } from './otlp-proto.ts';

type Read = typeof readProtobufLogs;

function readAll(
  body: Buffer,
  read: Read = readProtobufLogs,
): { records: DecodedRecord[]; result: LogReadResult } {
  const records: DecodedRecord[] = [];
  const steps = read(body, (resource, scope, record) =>
    records.push({ resource: resource.attributes, scope, record }),
  );
  const result = atOnce(steps);
  return { records, result };
}

// What is kept, written a second time and slowly.
const EXCEPTION_KEY = /^exception\.(type|message|stacktrace)$/;

type Fate = 'kept' | 'untied' | 'rejected' | 'plain';

function fateOf({ traceId, spanId, attributes }: LogRecord): Fate {
  if (![...attributes.keys()].some((key) => EXCEPTION_KEY.test(key))) return 'plain';
  if (![0, 32].includes(traceId.length) || ![0, 16].includes(spanId.length)) return 'rejected';
  return /^0*$/.test(traceId) || /^0*$/.test(spanId) ? 'untied' : 'kept';
}

const bytes = (length: number, value: number): Buffer => Buffer.alloc(length, value);
const tied = { traceId: bytes(16, 1), spanId: bytes(8, 1) };
const exception = [{ key: 'exception.type', value: { stringValue: 'E' } }];
const at = (...logRecords: object[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });

describe('protobuf reader', () => {
  const body = logsToProtobuf(
    recordLogs((logger) => {
      for (let i = 0; i < 20; i++) plainLog(logger);
      logException(logger);
      logException(logger, 'Zürich ✈');
    }),
  );

  test('gives what a full decode gives, for what the SDK serializes', () => {
    const { records, result } = readAll(body);
    expect(records).toEqual(
      decodeLogsFully(body).filter(({ record }) => fateOf(record) === 'kept'),
    );
    expect(records).toHaveLength(2);
    expect(result).toEqual({ received: 22, kept: 2, untied: 0, rejected: 0, messages: [] });
  });

  test('gives what a full decode gives, for any request', () => {
    fc.assert(
      fc.property(anyLogsRequest, (request) => {
        const body = encodeLogs(request);
        const all = decodeLogsFully(body);
        const having = (fate: Fate) => all.filter(({ record }) => fateOf(record) === fate);
        const { records, result } = readAll(body);
        expect(records).toEqual(having('kept'));
        expect(result).toMatchObject({
          received: all.length,
          kept: records.length,
          untied: having('untied').length,
          rejected: having('rejected').length,
        });
      }),
      { numRuns: 500 },
    );
  });

  test('values of records without an exception are never decoded', () => {
    // An AnyValue of a wire type that does not exist: whoever decodes it fails.
    const broken = { key: 'a', value: { stringValue: '#' } };
    const plain = encodeLogs(at({ attributes: [broken], body: { stringValue: '#' } }));
    const told = encodeLogs(at({ ...tied, attributes: [...exception, broken] }));
    for (const request of [plain, told]) {
      for (let i = request.indexOf('#'); i >= 0; i = request.indexOf('#', i + 1)) {
        request[i - 2] = 0x0f;
      }
    }
    expect(readAll(plain).result).toMatchObject({ received: 1, kept: 0, rejected: 0 });
    expect(() => readAll(told)).toThrow(/unknown wire type 7/);
  });

  test('records that report no span are skipped, wrong ids are rejected by their name', () => {
    const { result } = readAll(
      encodeLogs(
        at(
          { attributes: exception },
          { ...tied, traceId: bytes(16, 0), attributes: exception },
          { ...tied, spanId: bytes(8, 0), attributes: exception },
          { ...tied, traceId: bytes(15, 1), attributes: exception },
          { ...tied, spanId: bytes(9, 1), attributes: exception },
          { ...tied, traceId: bytes(3, 1) },
          { ...tied, attributes: exception },
        ),
      ),
    );
    expect(result).toEqual({
      received: 7,
      kept: 1,
      untied: 3,
      rejected: 2,
      messages: [
        'log record 4 of the request: trace_id must be 16 bytes or absent',
        'log record 5 of the request: span_id must be 8 bytes or absent',
      ],
    });
  });

  test('names the offset where the bytes end too early', () => {
    const short = logsToProtobuf(recordLogs((logger) => logException(logger)));
    for (let length = 1; length < short.length; length++) {
      expect(() => readAll(short.subarray(0, length))).toThrow(DecodeError);
      expect(() => readAll(short.subarray(0, length))).toThrow(/at byte \d+/);
    }
  });

  test('hostile bytes are read or refused', () => {
    const change = fc.tuple(fc.nat(body.length - 1), fc.nat(255));
    const readsOrRefuses = (hostile: Buffer): void => {
      try {
        readAll(hostile);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    };
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const hostile = Buffer.from(body);
        for (const [place, byte] of changes) hostile[place] = byte;
        readsOrRefuses(hostile);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) =>
        readsOrRefuses(Buffer.from(random)),
      ),
      { numRuns: 3000 },
    );
  });
});

describe('JSON reader', () => {
  const json = (request: object): Buffer => Buffer.from(JSON.stringify(request));
  const valid = { traceId: 'AB'.repeat(16), spanId: 'CD'.repeat(8), attributes: exception };

  test('gives the same records as the protobuf reader', () => {
    const records = recordLogs((logger) => {
      plainLog(logger);
      logException(logger);
    });
    expect(readAll(logsToJson(records), readJsonLogs)).toEqual(readAll(logsToProtobuf(records)));
  });

  test('gives the same for any request', () => {
    fc.assert(
      fc.property(anyLogsRequest, (request) => {
        const protobuf = encodeLogs(request);
        const { messages: _json, ...fromJson } = readAll(
          json(toJson(protobuf)),
          readJsonLogs,
        ).result;
        const { messages: _protobuf, ...fromProtobuf } = readAll(protobuf).result;
        expect(fromJson).toEqual(fromProtobuf);
      }),
      { numRuns: 200 },
    );
  });

  test('takes names of severities, times as text or number, null, unknown fields, any body', () => {
    const record = {
      ...valid,
      timeUnixNano: '1700000000000000001',
      observedTimeUnixNano: 1700000000000000,
      severityNumber: 'SEVERITY_NUMBER_ERROR2',
      severityText: null,
      eventName: 'gen_ai.chat.exception',
      body: { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } },
      somethingNew: {},
    };
    expect(readAll(json(at(record)), readJsonLogs).records[0]!.record).toEqual({
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      timeNs: 1700000000000000001n,
      observedNs: 1700000000000000n,
      severityNumber: 18,
      eventName: 'gen_ai.chat.exception',
      body: { a: 1 },
      attributes: new Map([['exception.type', 'E']]),
    });
  });

  test('wrong ids are rejected by their field, no ids are legal', () => {
    const request = at(
      { ...valid, traceId: 'AB' },
      { ...valid, spanId: 'not hex, 16 long' },
      { ...valid, traceId: '', spanId: '' },
      { ...valid, traceId: '0'.repeat(32) },
      valid,
    );
    expect(readAll(json(request), readJsonLogs).result).toEqual({
      received: 5,
      kept: 1,
      untied: 2,
      rejected: 2,
      messages: [
        'resourceLogs[0].scopeLogs[0].logRecords[0].traceId must be 32 hex digits or absent',
        'resourceLogs[0].scopeLogs[0].logRecords[1].spanId must be 16 hex digits or absent',
      ],
    });
  });

  test.each([
    [{ resourceLogs: 3 }, 'resourceLogs', 'expected an array, got 3'],
    [at({ ...valid, eventName: 7 }), '.logRecords[0].eventName', 'expected a string, got 7'],
    [
      at({ ...valid, timeUnixNano: -1 }),
      '.logRecords[0].timeUnixNano',
      'expected an unsigned 64-bit integer',
    ],
    [at({ ...valid, severityNumber: 'bad' }), '.severityNumber', 'expected an integer, got "bad"'],
    [at({ ...valid, body: 'text' }), '.logRecords[0].body', 'expected an object, got "text"'],
  ])('names the field of a wrong type: %j', (request, field, message) => {
    const read = () => readAll(json(request), readJsonLogs);
    expect(read).toThrow(`${field}: ${message}`);
    expect(read).toThrow(DecodeError);
    expect(read).toThrow(expect.objectContaining({ field: expect.stringContaining(field) }));
  });
});

/** A protobuf request in OTLP's JSON form: ids in hex. */
function toJson(body: Buffer): object {
  const request = LogsRequest.toObject(LogsRequest.decode(body), { longs: String, bytes: String });
  return JSON.parse(JSON.stringify(request), (key, value) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value, 'base64').toString('hex') : value,
  );
}
