import { ClickHouseException, ErrorCode } from './exception.ts';

/** Reads Native bytes in order; running over the end means the bytes are not what was expected. */
export class NativeReader {
  at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw truncated();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  uint64(): number {
    this.skip(8);
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }

  text(): string {
    const length = this.varint();
    this.skip(length);
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  skip(length: number): void {
    this.at += length;
    if (this.at > this.bytes.length) throw truncated();
  }
}

function truncated(): ClickHouseException {
  return new ClickHouseException(
    ErrorCode.NOT_IMPLEMENTED,
    'Cannot convert this result to the Native format of the asked client_protocol_version.',
  );
}
