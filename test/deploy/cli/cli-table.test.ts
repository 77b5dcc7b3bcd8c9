// Tables as a terminal shows them: widths, cuts, and what hostile text cannot do.

import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { jsonText, table } from '../../../deploy/cli/terminal/output.ts';
import { cutToWidth, displayWidth } from '../../../deploy/cli/terminal/width.ts';
import { manyLines, oneLine } from '../../../query/base/text.ts';

/** Columns of a text by Node's own count, for its line editor. */
function countedByNode(text: string): number {
  const editor = createInterface({
    input: new PassThrough(),
    output: new PassThrough(),
    prompt: '',
    terminal: true,
  });
  editor.write(text);
  const { cols } = editor.getCursorPos();
  editor.close();
  return cols;
}

const TEXTS = [
  'plain words',
  'Ärger mit Umlauten',
  '東京の請求書',
  'ひらがな カタカナ',
  'ﾊﾝｶｸ',
  '인보이스',
  'ｆｕｌｌｗｉｄｔｈ',
  '🔥 fire 🎉',
  'a\u0301 combining',
  'Привет Ελλάδα',
];
const ID = '9741c581-438b-8678-9607-526a491ab711';
const columns = [
  { name: 'time', whole: true, optional: true },
  { name: 'failure', whole: true },
  { name: 'agent', optional: true },
  { name: 'message', least: 20 },
];
const rows = [
  [
    '2026-11-23T08:06:04',
    ID,
    'invoice-agent',
    '請求書 17 の合計がない: cannot compute the ledger entry',
  ],
  ['2026-11-23T08:06:05', ID, 'b', 'short'],
];

describe('the width of a text', () => {
  it.each(TEXTS)('is what Node counts: %s', (text) => {
    expect(displayWidth(text)).toBe(countedByNode(text));
  });

  it('is kept when the text is cut, with an ellipsis', () => {
    expect(cutToWidth('東京の請求書', 7)).toBe('東京の…');
    expect(cutToWidth('東京の請求書', 12)).toBe('東京の請求書');
    for (const text of TEXTS) {
      for (let width = 1; width < 12; width++) {
        expect(displayWidth(cutToWidth(text, width))).toBeLessThanOrEqual(width);
      }
    }
  });
});

describe('a table', () => {
  it.each([200, 100, 80, 60, 50])('is at most %i columns wide and keeps ids whole', (width) => {
    const lines = table(columns, rows, width).split('\n');
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toContain(ID);
    expect(lines[2]).toContain(ID);
  });

  it('cuts what is widest first, then leaves columns out and says so', () => {
    expect(table(columns, rows, 100)).not.toContain('too narrow');
    expect(table(columns, rows, 100).split('\n')[1]).toMatch(/invoice-agent {2}請求書 .*…$/);
    const narrow = table(columns, rows, 60);
    expect(narrow).toContain('(too narrow for time, agent)');
    expect(narrow.split('\n')[0]).toMatch(/^failure +message$/);
  });

  it('even without room for its ids is no wider than the terminal', () => {
    for (const line of table(columns, rows, 20).split('\n')) {
      expect(displayWidth(line)).toBeLessThanOrEqual(20);
    }
  });

  it('has its columns under one another with wide characters in them', () => {
    const [head, first, second] = table(
      ['name', 'x'],
      [
        ['東京', '1'],
        ['ab', '2'],
      ],
      80,
    ).split('\n');
    expect([head, first, second]).toEqual(['name  x', '東京  1', 'ab    2']);
  });
});

describe('text from outside', () => {
  const hostile = `\u001b[31mred\u001b]0;title\u0007\u202eback\u0008\u009b2J\u2028${'e\u0301\u0301\u0301\u0301\u0301\u0301'}`;

  it('cannot act, hide or pile up', () => {
    for (const text of [oneLine(hostile), manyLines(hostile)]) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
      expect(text).not.toMatch(/\p{M}{5}/u);
      expect(text).toMatch(/^red/);
    }
  });

  it('stays the same as JSON, and acts neither', () => {
    const text = jsonText({ hostile });
    expect(JSON.parse(text)).toEqual({ hostile });
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
  });
});
