// The rules for why a failure happened. The first that finds its evidence gives the class, so what is
// said in so many words goes before what only fits, and what fits before what the place suggests.
import type { FailureClass } from '../../../instrumentation/semconv/index.ts';

/** What was going on: a call of a model, of a tool, a judge's verdict, ... */
export type Place = 'llm' | 'tool' | 'judge' | 'graph' | 'route' | 'branch' | 'budget' | '';

export interface Rule {
  class: FailureClass;
  /** Only where this was going on. */
  at?: Place;
  /** Only where the site or the operation says so, not the packages or the words. */
  isExplicit?: true;
  /** In type and message, in lower case, without values and punctuation. */
  says: RegExp;
  /** What takes the evidence back: then the words are about something else. */
  unless?: RegExp;
}

const said = (cls: FailureClass, says: RegExp): Rule => ({ class: cls, says });
const at = (place: Place, cls: FailureClass, says: RegExp): Rule => ({
  class: cls,
  at: place,
  says,
});

const TIMEOUT =
  /time[ds]? ?out|deadline[ _]?exceeded|timeout exceeded|504 gateway|took too long|und_err_\w+_timeout|超时|タイムアウト/;
const AUTH =
  /\b40[13]\b|oauth\w*|unauthori[sz]ed|\bauthentication(?:error| (?:failed|error|required))|unauthenticated|not authenticated|failed to (?:re-)?authenticate|invalid (?:api.?key|x-api-key|token|credentials)|incorrect api key|api key not valid|api_key_invalid|permission.?denied|forbidden|access.?denied|no auth credentials|must be verified|unrecognizedclient|expired.?token|security token/;
const NETWORK =
  /connection (?:is|was|has been) (?:already )?closed|(?:is|was|got) disconnected|(?:could not|cannot|can't|unable to|failed to) (?:connect|reach)|unable to make request|certificateerror|hostname .{0,20}(?:doesn't|does not) match|socket ?timeout|\b(?:econnrefused|econnreset|enotfound|etimedout|eai_again|epipe)\b|ehostunreach|enetunreach|und_err_|err_network|socket hang ?up|connection (?:refused|reset|abort(?:ed)?|closed|error|lost|terminated|broken|timed out)|closed the connection|gone away|broken pipe|brokenpipe|\b(?:api|client|server|remote|http|proxy)?connect(?:ion|or)?(?:refused|reset|aborted|closed)?(?:error|exception)\b|connect(?:ion)?timeout|readtimeout|readerror|remoteprotocolerror|protocolerror|fetch failed|failed to fetch|network (?:error|is unreachable)|networkerror|err_(?:connection|name_not_resolved|internet|tunnel|address|timed_out|ssl|cert|proxy|socket|dns)\w*|winerror 100(?:5[134]|6[0156])|error sending request|tcp connect|(?:socket|unknownhost|noroutetohost|resourceaccess)exception|serverselectionerror|nobrokersavailable|max retries per request|unable to bootstrap|statuscode.unavailable|rpc error code unavailable|getaddrinfo|name or service not known|nodename nor servname|name (?:resolution|does not resolve)|could not resolve host|max retries exceeded with url|no route to host|server disconnected|peer closed|incomplete chunked read|premature close|dial tcp|\bssl\b|sslerror|certificate (?:verify|has expired|is not|chain)|self.signed certificate|first certificate|tls (?:handshake|connection)|other side closed|terminated econn|could not connect to server|connection to server|拒绝连接|连接(?:被拒绝|失败|超时|被重置)|无法连接|网络(?:错误|异常)|接続(?:できません|が拒否|に失敗)|verbindung .{0,60}(?:verweiger|fehlgeschlagen|unterbrochen)|keine verbindung/;
const SCHEMA =
  /validation ?error|zoderror|invalid_type|schema validation|does not match (?:the )?schema/;
const VALIDATION = new RegExp(
  `${SCHEMA.source}|required argument|required positional argument|unexpected keyword argument|invalid (?:arguments?|params?|parameters?|input)`,
);
/** The provider did not accept the request, so that it is not about the answer. */
const REFUSED = /\b(?:400|422)\b|invalid_request|badrequest|invalid_argument|validationexception/;
const JSON_ERROR =
  /jsondecodeerror|unexpected token|not valid json|invalid json|json ?parse|unexpected end of json|unexpected non-whitespace|expected (?:property name|double-quoted)|expecting (?:value|property name|delimiter)|unterminated string|extra data line|in json at position/;

/** What names its class, wherever it is said. */
const SPECIFIC: readonly Rule[] = [
  said(
    'graph.step_budget',
    /graphrecursionerror|graph_recursion_limit|recursion limit of|step (?:budget|limit) (?:exceeded|reached)|max(?:imum)? (?:graph )?steps/,
  ),
  said(
    'tool.doom_loop',
    /doom.?loop|(?:same|identical|repeated) tool calls?|tool call (?:replay|repeated)/,
  ),
  said('loop.stall', /\bstalled|no progress|similar responses/),
  said(
    'loop.max_iterations',
    /exceeded max(?:imum)?[_ ]\w*(?:turns|loops|iterations)|looplimit|\bmax(?:imum)?[ _]?(?:number of )?(?:iterations?|turns)|maxturnsexceeded|agent stopped due to|(?:model|tool) call limits? (?:exceeded|reached)|iteration limit|iterations? exceeded|exceed the request_limit of/,
  ),
  said('graph.visit_limit', /visit limit|max(?:imum)?[ _]visits|visited too (?:often|many)/),
  said(
    'graph.dead_end',
    /dead.?end|no (?:outgoing )?edges? (?:match|from|led|to follow)|no next node/,
  ),
  said(
    'graph.node_not_found',
    /node .{0,24}not in graph|unknown target|unknown node|unknown target|no node named|(?:step|node) \S+ (?:was )?not found in (?:the )?(?:workflow|graph)|node \S+ (?:was )?(?:not found|does not exist|is not (?:defined|present|in the graph))/,
  ),
  said(
    'graph.condition_error',
    /(?:condition|router|routing function) .{0,60}(?:raised|threw|failed|evaluat)|(?:evaluat\w+|error in) (?:the )?(?:edge|condition|router)|conditional edge/,
  ),
  said(
    'graph.invalid',
    /\bgraph (?:must have|has no (?:nodes|edges)|has a cycle|is not connected)|cyclic graphs?|at least one (?:start|entry|leaf) node|invalid_concurrent_graph_update|can receive only one value per step|unreachablenodeerror|multiple_subgraphs|graph must have an entrypoint|no entry ?point|invalid graph|graph (?:is invalid|validation)|no checkpointer set/,
  ),
  said(
    'constraint.hard',
    /hard constraint|tripwire ?(?:was )?triggered|triggered (?:a |the )?tripwire/,
  ),
  said('constraint.soft', /soft constraint/),
  said(
    'budget.cost',
    /budgetexceedederror|estimated costs? .{0,40}(?:exceed|budget|limit)|cost budget|budget .{0,40}(?:cost|usd|dollar)|max_budget|cost.?guard|cost limit/,
  ),
  said(
    'budget.tokens',
    /token budget|budget .{0,30}tokens|usagelimitexceeded|token limit (?:exceeded|reached)/,
  ),
  said(
    'budget.time',
    /time budget|time limit (?:exceeded|reached)|workflow ?timeout|workflow .{0,20}timed out|budget .{0,30}(?:time|seconds)|wall.?clock/,
  ),
  said('branch.timeout', /branch(?:es)? .{0,40}time[ds]? ?out/),
  said('branch.failed', /branch(?:es)? .{0,40}(?:failed|raised|threw)|parallel .{0,30}failed/),
  said('judge.escalated', /judge .{0,60}escalat|escalated by (?:the )?judge/),
  said(
    'judge.rejected',
    /rejected by (?:the )?judge|judge (?:rejected|did not accept|verdict (?:retry|reject))|judge .{0,40}retries exhausted/,
  ),
  said(
    'llm.malformed_output',
    /outputparserexception|output_parsing_failure|(?:failed|unable|could not|cannot|can't) (?:to )?parse (?:\w+ ){0,3}(?:response|output|completion|generation)|no (?:valid )?tool calls? (?:was |were )?(?:found|in)\b|could not parse (?:llm|the response|response content|model|tool)|noobjectgenerated|no object generated|nooutputgenerated|malformed_function_call|tool_use_failed|failed to call a function|malformed function call|lengthfinishreason|failed to parse .{0,30}(?:llm|model|completion)|unexpectedmodelbehavior/,
  ),
  said(
    'output.missing',
    /outputs? (?:\w+ )?(?:not (?:yet )?(?:produced|set)|missing)|missing (?:required )?outputs?|required outputs?|did not produce (?:its |the |an? )?outputs?/,
  ),
  said(
    'output.silent',
    /placeholder (?:output|value)|output (?:is|was) (?:empty|blank)|silent failure/,
  ),
  said(
    'output.invalid',
    /invalidupdateerror|invalid_graph_node_return_value|output (?:validation|schema|parsing_schema)|outputvalidation|guard ?failure/,
  ),
  said(
    'input.missing',
    /missing (?:some |required )?inputs?\b|required inputs?\b.{0,40}(?:missing|not)|inputs? (?:\w+ )?(?:is |are )?missing|emptyinputerror|missing variables|missing value for input/,
  ),
  said(
    'input.invalid',
    /inputvalidationerror|invalid input (?:for|to|of) (?:the )?node|node input .{0,30}(?:invalid|validation)|input_validation/,
  ),
  said(
    'worker.lost',
    /worker ?lost|worker (?:process )?(?:died|exited|crashed|terminated|was killed)|sigkill|brokenprocesspool|heartbeat (?:missed|lost|timeout|timed out)|process (?:was )?(?:killed|gone)/,
  ),
  said(
    'tool.not_found',
    /nosuchtool|unavailable tool|unknown tool|\btool (?:was )?not found|no tool named|tool \S+ (?:was )?(?:not found|does not exist|is not (?:a valid tool|available|registered))|is not a valid tool/,
  ),
  said(
    'tool.invalid_arguments',
    /invalidtool(?:arguments|input)|invalid tool input|tool input must|too many arguments (?:to|for) .{0,16}tool|arguments for tool|toolinputparsing|tool input did not match|(?:invalid|wrong) (?:arguments?|input|parameters?) for tool|arguments? (?:of|for|to) (?:the )?tool .{0,40}invalid|error invoking tool .{0,80}kwargs|mcp error .{0,8}invalid (?:params|arguments|request parameters)/,
  ),
  said(
    'tool.timeout',
    /tool \S* ?(?:call |execution )?(?:has )?timed out|mcp error .{0,8}request timed out|tooltimeout/,
  ),
  said(
    'llm.content_filter',
    /content_filter|content management policy|contentpolicyviolation|contentfilter|responsibleaipolicy|prohibited_content|(?:candidate|response|prompt|content|request) (?:was )?blocked|safety (?:system|reasons|settings)|content policy|usage polic(?:y|ies)|content exists risk|data_?inspection_?failed|敏感内容|guardrail intervened|flagged (?:by|as)/,
  ),
  said(
    'llm.empty_response',
    /(?:llm|model|assistant|provider)\b.{0,40}(?:returned (?:an )?empty|empty (?:response|completion|message))|response without .{0,12}(?:text|content)|empty response from (?:\w+ )?model|no (?:content|choices|candidates|generations?) (?:was |were )?(?:received|returned)|empty (?:stream|completion|response from)|ghost (?:empty )?stream|no (?:content|choices|candidates|generations?) (?:was |were )?(?:returned|generated|in (?:the )?response)|none (?:was|were) returned|response candidate content is empty|emptyresponsebody|nocontentgenerated/,
  ),
  said(
    'llm.context_overflow',
    /context_length_exceeded|maximum context length|context_?size|context size|range of input length|context (?:length|window) (?:exceeded|error)|(?:greater|more|longer) than the max(?:imum)? (?:\w+ )?tokens|context ?window(?:exceeded)?|prompt is too long|input is too long|input tokens? exceed|input token count|input length and .{0,20}exceed|reduce the length of the (?:messages|prompt|input)|requested tokens .{0,20}exceed/,
  ),
  said(
    'llm.payment_required',
    /insufficient_quota|credit balance|billing_hard_limit|billing_not_active|insufficient (?:credits?|balance)|out of credits|余额不足|欠费|more credits|plan and billing/,
  ),
  said(
    'config.error',
    /environment variable|\benv var\b|(?:configuration|config|setting|credentials?) (?:is|are|was|were)? ?(?:not|missing) ?(?:set|found|configured|provided)?|\b[a-z0-9]+(?:_[a-z0-9]+)+ (?:is not set|must be set)\b|\b[a-z0-9]+(?:_[a-z0-9]+)+ is required\b.{0,40}\bset\b|(?:needs|requires) an? .{0,24}(?:api )?key\b|config is missing|could not determine .{0,30}(?:address|endpoint|region|project|credentials)|environment variable .{0,80}(?:not set|missing|required|must be set)|(?:not set|missing|must be set|required)\b.{0,60}environment variable|by (?:setting|passing) (?:the )?\S*api_?key|api.?key .{0,24}(?:is )?(?:missing|not (?:set|found|provided|configured)|required)|missing (?:api.?key|credentials?|config)|no api.?key|loadapikey|could not resolve authentication|credentials? (?:were )?(?:not found|missing|could not be loaded)|could not load credentials|unable to locate credentials|nocredentials|default credentials were not found|noauth authentication required|wrongpass|password authentication failed|access denied for user|no pg_hba|configuration error|misconfigured|invalid configuration|modulenotfounderror|no module named|cannot find (?:module|package)|err_module_not_found|executable (?:file )?(?:doesn't exist|does not exist|not found)|spawn \S* ?enoent|\beacces\b|permission denied/,
  ),
];

/** Types that say by themselves that the code is wrong, whatever words stand beside them. */
const PROGRAM: readonly Rule[] = [
  said(
    'code.error',
    /^(?:\w+\.)*(?:attribute|name|unboundlocal|reference|index|zerodivision|recursion|notimplemented|indentation)error\b|^panic\b|^runtime\.(?:bounds|plain|typeassertion)?error\b/,
  ),
];

/** What the failure says where a model was called. */
const LLM: readonly Rule[] = [
  at('llm', 'llm.payment_required', /\b402\b|payment.?required|insufficient funds/),
  at(
    'llm',
    'llm.rate_limit',
    /\b429\b|\b529\b|rate.?limit|too many (?:requests|tokens)|throttl|resource_exhausted|resource (?:has been )?exhausted|overloaded_error|tokens per|requests per|quota|servicequotaexceeded|high (?:traffic|demand)|at capacity/,
  ),
  at('llm', 'llm.timeout', TIMEOUT),
  { class: 'llm.auth', at: 'llm', says: AUTH, unless: /error code (?:400|404|422|5\d\d)\b/ },
  at(
    'llm',
    'llm.unavailable',
    /\b50[0-4]\b|\b404\b|overloaded|service ?unavailable|internal ?server ?error|internal error|bad gateway|model_not_found|notfounderror|model\b.{0,30}(?:does not exist|not found|not supported|decommissioned|deprecated|loading)|not found for api version|no longer available|model identifier|no endpoints found|no (?:models?|providers?|deployments?) available|modelnotready|api_error/,
  ),
  at('llm', 'llm.transport', NETWORK),
  at('llm', 'llm.malformed_output', JSON_ERROR),
  { class: 'llm.malformed_output', at: 'llm', says: SCHEMA, unless: REFUSED },
  at(
    'llm',
    'llm.empty_response',
    /(?:returned|received|got|is|was) (?:an )?empty|empty (?:response|completion|content|message)/,
  ),
];

const TOOL: readonly Rule[] = [
  at('tool', 'network.error', NETWORK),
  at('tool', 'tool.timeout', TIMEOUT),
  at('tool', 'tool.auth', AUTH),
  at('tool', 'tool.invalid_arguments', VALIDATION),
];

/** What is true of any code. */
const GENERAL: readonly Rule[] = [
  said(
    'resource.exhausted',
    /(?:queue|buffer|pool) is (?:full|exhausted)|out of memory|memoryerror|outofmemory|oomkilled|cannot allocate memory|\benomem\b|no space left|enospc|emfile|enfile|too many open files|disk quota|disk (?:is )?full|too many (?:clients|connections)|connection slots|oom command|unable to start new thread|requires more system memory|connection pool (?:exhausted|timeout)|queuepool limit/,
  ),
  said('network.error', NETWORK),
  said('data.error', JSON_ERROR),
  said(
    'data.error',
    /checksum|hash mismatch|expected (?:sha\w+ )?hash|corrupted|could not decode|unexpected end of/,
  ),
  said(
    'data.error',
    /validation ?error|zoderror|unicodedecodeerror|unicodeencodeerror|codec can't|unique constraint|foreign key constraint|check constraint|not-null constraint|not null constraint|duplicate key|integrityerror|invalid input syntax|\bparsererror|error tokenizing|emptydataerror|no columns to parse|badzipfile|not a zip file|file is not a database|cannot identify image|could not convert string|invalid literal for|invalid date|invalid time value|does not match format|day is out of range|string contains an untokenized|filenotfounderror|no such file or directory|enoent|notadirectory|xml ?parse|dimension\w* .{0,30}(?:expect|mismatch|match|error|got)|(?:embedding|vector)s? (?:with|of) dimension|not well-formed|invalid isoformat/,
  ),
  said(
    'code.error',
    /\b(?:name|attribute|type|index|key|syntax|indentation|unboundlocal|notimplemented|recursion|reference|range|zerodivision|assertion|import)error\b|cannot read propert|is not a function|is not defined|is not iterable|is not a constructor|has no attribute|is not subscriptable|not callable|maximum call stack|call stack size|nullpointerexception|classcastexception|indexoutofbounds|nil pointer dereference|index out of (?:range|bounds)|(?:nil|closed) channel|concurrent map|(?:add|subtract|multiply|negate) with overflow|values to unpack|event loop is (?:already running|closed)|running event loop|cancel scope|division by zero|before initialization|(?:relation|column|function|table) \S+ does not exist|no such (?:table|column)|syntax error at or near|near \S+ syntax error|undefinedtable|undefinedcolumn/,
  ),
];

/** What an API says of itself, where nobody knows which it is: of agents it is mostly a model's. */
const ELSEWHERE: readonly Rule[] = [
  at(
    '',
    'llm.rate_limit',
    /throttled|throttling|too many requests|quota exceeded|rate.?limit (?:reached|exceeded|error)|请求过于频繁|ratelimit(?:ed|error|exceeded)/,
  ),
  at(
    '',
    'llm.auth',
    /(?:incorrect|invalid|wrong) (?:\w+ )?(?:x-)?api.?key|api key not valid|api_key_invalid|authentication_error/,
  ),
  at(
    '',
    'network.error',
    /(?:request|command|connection|socket|query) .{0,40}?time[ds]? ?out|(?:read|write|connect|operation|headers|buffering) timed out|headers timeout|command ?timeout|\w+connect(?:ion|or)?(?:error|exception)\b|timeout of .{0,12}exceeded|deadline[ _]exceeded|awaiting headers|超时|タイムアウト/,
  ),
];

/** What the place alone says, where nothing else does. */
const PLACES: readonly Rule[] = [
  { class: 'tool.error', at: 'tool', says: /\S/, isExplicit: true },
  said(
    'tool.error',
    /toolexception|toolexecution|error executing tool|tool \S+ (?:failed|raised|returned an error)/,
  ),
  at('judge', 'judge.rejected', /reject|retry|not accept|score/),
  at('graph', 'graph.invalid', /\S/),
  at('branch', 'branch.failed', /\S/),
  at('budget', 'budget.tokens', /tokens?\b/),
  at('budget', 'budget.cost', /cost|usd|dollars?\b|money/),
  at('budget', 'budget.time', /time|seconds|minutes|duration/),
];

/** Code that fails while the next node is chosen is the condition's. */
const ROUTE: readonly Rule[] = [at('route', 'graph.condition_error', /\S/)];

export const RULES: readonly Rule[] = [
  ...SPECIFIC,
  ...PROGRAM,
  ...LLM,
  ...TOOL,
  ...ROUTE,
  ...GENERAL,
  ...ELSEWHERE,
  ...PLACES,
];
