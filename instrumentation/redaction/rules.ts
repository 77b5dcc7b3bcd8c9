// The form of `rules.json`: what the redaction of every language looks for.

/** A key that shows by how it begins. */
export interface KeyFormat {
  readonly prefix: string;
  /** Which characters follow: a name of {@link Rules.bodies}. */
  readonly body: string;
  /** At least so many of them. */
  readonly least: number;
  /** @default `api_key` */
  readonly kind?: string;
  /** What follows has a digit, a capital and a small letter: prefixes that begin words too. */
  readonly mixed?: boolean;
  /** It is one also behind letters. */
  readonly glued?: boolean;
  /** At least so many characters of the key stand before what it is noticed by. */
  readonly before?: number;
}

/** Names whose values are secrets. Words are in lower case; names are cut into words before they are looked up. */
export interface NameRules {
  /** Kind → how a name ends, its words joined: its value goes whatever it is. */
  readonly endings: Readonly<Record<string, readonly string[]>>;
  /** Names too short to be known by an ending: the whole name, or what stands behind its last dot. */
  readonly whole: Readonly<Record<string, string>>;
  /** Word → kind; anywhere in a name, and its value goes if it looks like a secret. */
  readonly anywhere: Readonly<Record<string, string>>;
  /** The same for the last word, if no word of `harmless_key_before` stands before it. */
  readonly last: Readonly<Record<string, string>>;
  /** Last words that say nothing: `API_KEY_PROD`. */
  readonly qualifiers: readonly string[];
  /** Last words of names that hold something about a secret: `token_type`. */
  readonly harmless_last: readonly string[];
  /** Words before `key` in names of other keys: `primary_key`. */
  readonly harmless_key_before: readonly string[];
  /** Names that say it in the query of a URL only: `?code=`. */
  readonly in_query: Readonly<Record<string, string>>;
  /** An expression for names of tokens that open nothing, in snake case. */
  readonly open_token: string;
}

/** Options of command lines whose next word is a secret only for some commands. */
export interface FlagRules {
  /** `name:password` follows. */
  readonly user: readonly string[];
  readonly user_commands: readonly string[];
  /** A password follows, also without a space. */
  readonly password: readonly string[];
  readonly password_commands: readonly string[];
  /** A password follows behind a space. */
  readonly auth: readonly string[];
  readonly auth_commands: readonly string[];
}

/** A secret that a whole phrase says, in a command or a statement, or in letters beyond ASCII. */
export interface Phrase {
  /** Texts of which one is in the phrase; all of them ASCII, or none. */
  readonly has: readonly string[];
  /** An expression that JavaScript and Python read alike, whose first group is the secret. */
  readonly form: string;
  readonly kind: string;
  /** The least length of a value that has to look like a secret. @default any value goes */
  readonly least?: number;
}

export interface Rules {
  readonly phrases: readonly Phrase[];
  /** In lower case: a text without all of them has no phrase in ASCII. Python looks for them first. */
  readonly phrase_words: readonly string[];
  readonly about: string;
  /** The day on which the formats were renewed. */
  readonly version: string;
  /** Sets of characters, as in an expression's brackets. */
  readonly bodies: Readonly<Record<string, string>>;
  readonly formats: {
    readonly own: readonly KeyFormat[];
    readonly gitleaks: { readonly commit: string; readonly prefixes: readonly KeyFormat[] };
  };
  readonly names: NameRules;
  readonly flags: FlagRules;
}
