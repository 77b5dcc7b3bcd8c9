// National ids, which are looked for only when asked: their forms are short, and other numbers look
// like them.
import type { Match } from './match.ts';

interface Form {
  readonly form: RegExp;
  readonly isValid?: (id: string) => boolean;
}

const START = String.raw`(?<!(?<!\\)[A-Za-z0-9])(?<![-.])`;
const END = '(?![A-Za-z0-9-])';
const form = (text: string): RegExp => new RegExp(START + text + END, 'g');

const FORMS: readonly Form[] = [
  // United States: social security number.
  { form: form(String.raw`(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}`) },
  // United Kingdom: national insurance number.
  {
    form: form(
      '(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\\d\\d ?\\d\\d ?\\d\\d ?[A-D]',
    ),
  },
  // Spain: DNI and NIE.
  { form: form('(?:\\d{8}|[XYZ]\\d{7})-?[A-HJ-NP-TV-Z]'), isValid: isDni },
  // Italy: codice fiscale.
  { form: form('[A-Z]{6}\\d\\d[A-EHLMPRST]\\d\\d[A-Z]\\d{3}[A-Z]'), isValid: isCodiceFiscale },
  // Brazil: CPF.
  { form: form(String.raw`\d{3}\.\d{3}\.\d{3}-\d\d`), isValid: isCpf },
];

/** All national ids in the text. */
export function nationalIds(text: string): Match[] {
  return FORMS.flatMap(({ form: pattern, isValid }) =>
    [...text.matchAll(pattern)]
      .filter(([id]) => isValid?.(id) ?? true)
      .map(({ 0: id, index }) => ({ start: index, end: index + id.length, kind: 'national_id' })),
  );
}

/** The letter is the remainder of the number modulo 23. */
function isDni(id: string): boolean {
  const digits = id.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === id.at(-1);
}

/** Values of the characters at odd places (decree of 23 December 1976, Italy). */
const ODD_VALUES = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function isCodiceFiscale(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const code = id.charCodeAt(i);
    const value = code < 58 ? code - 48 : code - 65;
    sum += i % 2 === 0 ? ODD_VALUES[value]! : value;
  }
  return sum % 26 === id.charCodeAt(15) - 65;
}

/** Two check digits modulo 11. */
function isCpf(id: string): boolean {
  const digits = id.replace(/\D/g, '');
  if (/^(\d)\1*$/.test(digits)) return false;
  return [9, 10].every((length) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Number(digits[i]) * (length + 1 - i);
    return ((sum * 10) % 11) % 10 === Number(digits[length]);
  });
}
