// Words that say what stands beside them: standards and conventions, nothing of any one system.

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

export const MONTHS = set(
  'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec January February March April June July August September October November December',
);

export const WEEKDAYS = set(
  'Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday',
);

/** What follows a time of day. */
export const CLOCK_SUFFIXES = set('AM PM am pm UTC GMT Z EST EDT CST CDT MST MDT PST PDT CET CEST');

/** What follows a quantity and may change with its size. */
export const UNITS = set(
  'B b bytes byte KB MB GB TB PB kB KiB MiB GiB TiB kb mb gb k K M G ns us µs ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days Hz kHz MHz GHz',
);

/** Ends of a host's name that no dotted name of code has. */
export const TOP_DOMAINS = set('com org net edu gov mil local internal cloud localdomain lan');

/** Ends of a host's name by country, without those that are words of code (id, io, is, to). */
export const COUNTRY_DOMAINS = set(
  'ar at au be bg br ca ch cl cn co cz de dk ee es eu fi fr gr hk hr hu ie il ir jp kr kz lt lu lv mx nl nz pe ph pk pl pt ro ru rs se sg si sk su th tr tw ua uk us uy ve vn za',
);

/** Begins of a dotted name of code that end with a top domain the other way round. */
export const REVERSED_DOMAINS = set('com org net edu gov io');

export const FILE_ENDS = set(
  'txt csv tsv json jsonl xml yaml yml toml ini md html htm pdf doc docx xls xlsx ppt pptx png jpg jpeg gif svg webp mp3 mp4 wav py ipynb js mjs cjs ts tsx jsx java go rs rb php c h cpp sh sql db sqlite parquet pkl zip gz tar log tmp lock properties conf cfg env',
);

/** Nouns before a quoted name of the program's own code, as runtimes and databases put it. */
export const CODE_NOUNS = set(
  'attribute named reading setting method module relation column argument',
);

/** What stands before a status code of HTTP. */
export const STATUS_WORDS = set(
  'code status http https error statuscode status_code response returned errorcode error_code errcode',
);

/** What stands before the code of an error. */
export const ERROR_WORDS = set('error errno err exception sqlstate errorcode error_code');

export const HTTP_METHODS = set('GET POST PUT PATCH DELETE HEAD OPTIONS CONNECT TRACE');

/** Names of basic types and values that say there is none: of the languages, not of a program. */
export const BASIC_TYPES = set(
  'str string int integer float double number bool boolean bytes bytearray dict dictionary list array tuple object function null none nil undefined nan true false datetime symbol bigint nonetype',
);

/** What stands before what came instead of what was expected. */
export const BEFORE_GOT = set('got received found was gave returned type');

/** What a runtime says of a name before it. */
export const AFTER_NAME = set(
  'defined iterable callable subscriptable constructor function initialized',
);

/** Words that announce an error of something else: what went wrong stands behind their colon. */
export const ANNOUNCING = set(
  'a an the error errors exception occurred occured happened while when during calling call operation api response from daemon reason caused by',
);
