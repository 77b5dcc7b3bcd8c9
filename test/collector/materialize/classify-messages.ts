// What SDKs, frameworks, drivers and runtimes really say, and the class of each.
import type { FailureClass } from '../../../instrumentation/semconv/index.ts';

interface Told {
  site?: string;
  operation?: string;
  stack_trace?: string;
}

/** Class, error type, message, and where it was told of. */
export type Message = [FailureClass, string, string, Told?];

const LLM: Told = { site: 'llm.call' };
const TOOL: Told = { site: 'tool.call' };
const OPENAI_STACK: Told = {
  stack_trace:
    'Error: Connection error.\n    at OpenAI.makeRequest (/app/node_modules/openai/core.js:321:19)\n    at async run (/app/src/run.js:9:3)',
};

/** Kinds that were found in messages that nobody had written a rule for. */
const KINDS: Message[] = [
  // A status in the text, and the provider only in the type's module.
  ['llm.rate_limit', 'mistralai.models.sdkerror.SDKError', 'API error occurred: Status 429'],
  ['llm.auth', 'mistralai.models.sdkerror.SDKError', 'API error occurred: Status 401'],
  // Codes of Chromium, of Windows, of gRPC, and clients' own types.
  ['network.error', 'Error', 'page.goto: net::ERR_NAME_NOT_RESOLVED at https://a.example/'],
  [
    'network.error',
    'ConnectionRefusedError',
    '[WinError 10061] 対象のコンピューターによって拒否されたため、接続できませんでした。',
  ],
  ['network.error', 'aiokafka.errors.KafkaConnectionError', 'Unable to bootstrap from broker'],
  ['network.error', 'java.net.UnknownHostException', 'elastic.example.com'],
  // The arguments of an exception, a chain of causes, another language.
  ['network.error', 'pymysql.err.OperationalError', '(2006, "MySQL server has gone away")'],
  [
    'network.error',
    'anyhow::Error',
    'cannot store the key\n\nCaused by:\n    0: tcp connecting\n    1: Connection timed out (os error 110)',
  ],
  ['network.error', 'Error', '连接被拒绝: 127.0.0.1:8080'],
  // A part of another word is no evidence: "eacces" in "ResourceAccess".
  [
    'network.error',
    'org.springframework.web.client.ResourceAccessException',
    'I/O error on POST request for "https://pay.example.com/charge": Read timed out',
  ],
  // A request that a provider refused is not its answer.
  [
    'unclassified',
    'openai.BadRequestError',
    "Error code: 400 - {'error': {'message': \"Invalid parameter: messages with role 'tool' must follow 'tool_calls'.\", 'type': 'invalid_request_error'}}",
  ],
  // The first status counts, not one that it quotes.
  [
    'unclassified',
    'openai.BadRequestError',
    "Error code: 400 - {'error': {'code': 'InvalidParameter', 'message': 'Error while downloading: https://a.example/b.webp, status code: 403.'}}",
  ],
  ['code.error', 'TypeError', "create() got an unexpected keyword argument 'x'", LLM],
  ['code.error', 'panic', 'attempt to add with overflow'],
];

const MODELS: Message[] = [
  // OpenAI
  [
    'llm.rate_limit',
    'openai.RateLimitError',
    "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization org-abc123 on tokens per min (TPM): Limit 30000, Used 29000, Requested 1500. Please try again in 1s.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}",
  ],
  [
    'llm.rate_limit',
    'RateLimitError',
    '429 Rate limit reached for gpt-4o in organization org-abc123 on requests per min (RPM): Limit 3, Used 3, Requested 1.',
  ],
  [
    'llm.payment_required',
    'openai.RateLimitError',
    "Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and billing details.', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}",
  ],
  [
    'llm.auth',
    'openai.AuthenticationError',
    "Error code: 401 - {'error': {'message': 'Incorrect API key provided: sk-abc***. You can find your API key at https://platform.openai.com/account/api-keys.', 'type': 'invalid_request_error', 'param': None, 'code': 'invalid_api_key'}}",
  ],
  [
    'llm.context_overflow',
    'openai.BadRequestError',
    "Error code: 400 - {'error': {'message': \"This model's maximum context length is 8192 tokens. However, your messages resulted in 10321 tokens. Please reduce the length of the messages.\", 'type': 'invalid_request_error', 'param': 'messages', 'code': 'context_length_exceeded'}}",
  ],
  [
    'llm.context_overflow',
    'BadRequestError',
    '400 Your input exceeds the context window of this model. Please adjust your input and try again.',
  ],
  [
    'llm.unavailable',
    'openai.NotFoundError',
    "Error code: 404 - {'error': {'message': 'The model `gpt-5-x` does not exist or you do not have access to it.', 'type': 'invalid_request_error', 'param': None, 'code': 'model_not_found'}}",
  ],
  [
    'llm.unavailable',
    'openai.InternalServerError',
    "Error code: 500 - {'error': {'message': 'The server had an error while processing your request. Sorry about that!', 'type': 'server_error', 'param': None, 'code': None}}",
    LLM,
  ],
  ['llm.transport', 'APIConnectionError', 'Connection error.', OPENAI_STACK],
  ['llm.transport', 'openai.APIConnectionError', 'Connection error.'],
  ['llm.timeout', 'openai.APITimeoutError', 'Request timed out.'],
  [
    'llm.malformed_output',
    'openai.LengthFinishReasonError',
    'Could not parse response content as the length limit was reached',
  ],
  [
    'llm.content_filter',
    'openai.BadRequestError',
    "Error code: 400 - {'error': {'message': \"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.\", 'type': None, 'param': 'prompt', 'code': 'content_filter', 'status': 400}}",
  ],
  [
    'config.error',
    'openai.OpenAIError',
    'The api_key client option must be set either by passing api_key to the client or by setting the OPENAI_API_KEY environment variable',
  ],
  [
    'config.error',
    'OpenAIError',
    "The OPENAI_API_KEY environment variable is missing or empty; either provide it, or instantiate the OpenAI client with an apiKey option, like new OpenAI({ apiKey: 'My API Key' }).",
  ],
  // Anthropic
  [
    'llm.rate_limit',
    'InternalServerError',
    '529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
  ],
  [
    'llm.rate_limit',
    'anthropic.RateLimitError',
    "Error code: 429 - {'type': 'error', 'error': {'type': 'rate_limit_error', 'message': \"This request would exceed your organization's rate limit of 40,000 input tokens per minute.\"}}",
  ],
  [
    'llm.context_overflow',
    'BadRequestError',
    '400 {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"},"request_id":"req_011CPabc"}',
  ],
  [
    'llm.context_overflow',
    'anthropic.BadRequestError',
    "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000'}}",
  ],
  [
    'llm.payment_required',
    'anthropic.BadRequestError',
    "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'}}",
  ],
  [
    'llm.auth',
    'AuthenticationError',
    '401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}',
    LLM,
  ],
  [
    'config.error',
    'Error',
    'Could not resolve authentication method. Expected either apiKey or authToken to be set. Or for one of the "X-Api-Key" or "Authorization" headers to be explicitly omitted',
  ],
  [
    'llm.unavailable',
    'anthropic.InternalServerError',
    "Error code: 500 - {'type': 'error', 'error': {'type': 'api_error', 'message': 'Internal server error'}}",
  ],
  // Google
  [
    'llm.payment_required',
    'google.genai.errors.ClientError',
    "402 PAYMENT_REQUIRED. {'error': {'code': 402, 'message': 'payment required', 'status': 'PAYMENT_REQUIRED'}}",
    LLM,
  ],
  [
    'llm.rate_limit',
    'google.genai.errors.ClientError',
    "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'message': 'Resource has been exhausted (e.g. check quota).', 'status': 'RESOURCE_EXHAUSTED'}}",
  ],
  [
    'llm.rate_limit',
    'ApiError',
    '{"error":{"message":"{\\n  \\"error\\": {\\n    \\"code\\": 429,\\n    \\"message\\": \\"Resource has been exhausted (e.g. check quota).\\",\\n    \\"status\\": \\"RESOURCE_EXHAUSTED\\"\\n  }\\n}\\n","code":429,"status":"Too Many Requests"}}',
  ],
  [
    'llm.auth',
    'GoogleGenerativeAIFetchError',
    '[GoogleGenerativeAI Error]: Error fetching from https://generativelanguage.googleapis.com/v1beta/models/gemini-pro:generateContent: [400 Bad Request] API key not valid. Please pass a valid API key.',
  ],
  [
    'llm.unavailable',
    'google.genai.errors.ServerError',
    "503 UNAVAILABLE. {'error': {'code': 503, 'message': 'The model is overloaded. Please try again later.', 'status': 'UNAVAILABLE'}}",
  ],
  [
    'llm.context_overflow',
    'google.genai.errors.ClientError',
    "400 INVALID_ARGUMENT. {'error': {'code': 400, 'message': 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', 'status': 'INVALID_ARGUMENT'}}",
  ],
  [
    'llm.content_filter',
    'GoogleGenerativeAIResponseError',
    '[GoogleGenerativeAI Error]: Candidate was blocked due to SAFETY',
  ],
  [
    'config.error',
    'google.auth.exceptions.DefaultCredentialsError',
    'Your default credentials were not found. To set up Application Default Credentials, see https://cloud.google.com/docs/authentication/external/set-up-adc for more information.',
  ],
  // Bedrock
  [
    'llm.rate_limit',
    'botocore.errorfactory.ThrottlingException',
    'An error occurred (ThrottlingException) when calling the InvokeModel operation (reached max retries: 4): Too many requests, please wait before trying again. You have sent too many requests. Wait before trying again.',
  ],
  [
    'llm.rate_limit',
    'ThrottlingException',
    'Too many tokens, please wait before trying again.',
    LLM,
  ],
  [
    'llm.context_overflow',
    'botocore.exceptions.EventStreamError',
    'An error occurred (validationException) when calling the InvokeModelWithResponseStream operation: Input is too long for requested model.',
  ],
  [
    'llm.auth',
    'botocore.exceptions.ClientError',
    'An error occurred (AccessDeniedException) when calling the InvokeModel operation: You do not have access to the model with the specified model ID.',
  ],
  [
    'llm.auth',
    'botocore.exceptions.ClientError',
    'An error occurred (UnrecognizedClientException) when calling the Converse operation: The security token included in the request is invalid.',
  ],
  ['config.error', 'botocore.exceptions.NoCredentialsError', 'Unable to locate credentials'],
  ['config.error', 'CredentialsProviderError', 'Could not load credentials from any providers'],
  // LiteLLM and routers
  [
    'llm.rate_limit',
    'litellm.RateLimitError',
    'litellm.RateLimitError: AnthropicException - {"type":"error","error":{"type":"rate_limit_error","message":"Number of request tokens has exceeded your per-minute rate limit"}}',
  ],
  [
    'llm.context_overflow',
    'litellm.ContextWindowExceededError',
    "litellm.BadRequestError: litellm.ContextWindowExceededError: OpenAIException - This model's maximum context length is 4097 tokens.",
  ],
  [
    'llm.content_filter',
    'litellm.ContentPolicyViolationError',
    "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  ],
  [
    'llm.context_overflow',
    'litellm.BadRequestError',
    'AzureException BadRequestError - Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens. Please reduce the length of the messages.',
  ],
  [
    'llm.unavailable',
    'litellm.ServiceUnavailableError',
    'litellm.ServiceUnavailableError: VertexAIException - 503 Service Unavailable',
  ],
  [
    'llm.timeout',
    'litellm.Timeout',
    'litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out.',
  ],
  [
    'llm.payment_required',
    'APIError',
    '402 This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 12.',
    LLM,
  ],
  // AI SDK, LangChain, pydantic-ai
  [
    'tool.not_found',
    'AI_NoSuchToolError',
    "Model tried to call unavailable tool 'multi_tool_use.parallel'. Available tools: search_joke, search_image",
  ],
  [
    'tool.invalid_arguments',
    'AI_InvalidToolArgumentsError',
    'Invalid arguments for tool search: Type validation failed: Value: {"q":1}.',
  ],
  [
    'tool.invalid_arguments',
    'AI_InvalidToolInputError',
    'Invalid input for tool weather: JSON parsing failed: Text: {"city": .',
  ],
  [
    'llm.malformed_output',
    'AI_NoObjectGeneratedError',
    'No object generated: could not parse the response.',
  ],
  [
    'llm.malformed_output',
    'AI_NoObjectGeneratedError',
    'No object generated: response did not match schema.',
  ],
  ['llm.malformed_output', 'AI_JSONParseError', 'JSON parsing failed: Text: Sure! Here is.'],
  [
    'config.error',
    'AI_LoadAPIKeyError',
    "OpenAI API key is missing. Pass it using the 'apiKey' parameter or the OPENAI_API_KEY environment variable.",
  ],
  [
    'llm.unavailable',
    'AI_NoSuchModelError',
    'No such languageModel: the model does not exist',
    LLM,
  ],
  ['llm.rate_limit', 'AI_RetryError', 'Failed after 3 attempts. Last error: Too Many Requests'],
  [
    'llm.malformed_output',
    'langchain_core.exceptions.OutputParserException',
    'Could not parse LLM output: I will now search\nFor troubleshooting, visit: https://python.langchain.com/docs/troubleshooting/errors/OUTPUT_PARSING_FAILURE ',
  ],
  [
    'llm.malformed_output',
    'pydantic_ai.exceptions.UnexpectedModelBehavior',
    'Exceeded maximum retries (1) for output validation',
  ],
  ['llm.malformed_output', 'JSONDecodeError', 'Expecting value: line 1 column 1 (char 0)', LLM],
  [
    'llm.malformed_output',
    'pydantic_core._pydantic_core.ValidationError',
    '1 validation error for Plan\nsteps\n  Field required [type=missing, input_value={}, input_type=dict]',
    { operation: 'chat' },
  ],
  ['llm.empty_response', 'ValueError', 'LLM returned empty response'],
  ['llm.empty_response', 'RuntimeError', 'Ghost empty stream: provider returned no content', LLM],
  [
    'llm.transport',
    'httpx.RemoteProtocolError',
    'peer closed connection without sending complete message body (incomplete chunked read)',
    { site: 'llm.stream' },
  ],
  ['llm.transport', 'TypeError', 'terminated: other side closed', { site: 'llm.stream' }],
  ['llm.timeout', 'TimeoutError', 'The operation was aborted due to timeout', LLM],
];

const GRAPHS: Message[] = [
  [
    'graph.step_budget',
    'GraphRecursionError',
    'Recursion limit of 25 reached without hitting a stop condition. You can increase the limit by setting the "recursionLimit" config key.',
  ],
  [
    'graph.step_budget',
    'langgraph.errors.GraphRecursionError',
    'Recursion limit of 25 reached without hitting a stop condition. You can increase the limit by setting the `recursion_limit` config key.\nFor troubleshooting, visit: https://python.langchain.com/docs/troubleshooting/errors/GRAPH_RECURSION_LIMIT',
  ],
  [
    'graph.invalid',
    'langgraph.errors.InvalidUpdateError',
    "At key 'messages': Can receive only one value per step. Use an Annotated key to handle multiple values.\nFor troubleshooting, visit: https://python.langchain.com/docs/troubleshooting/errors/INVALID_CONCURRENT_GRAPH_UPDATE",
  ],
  [
    'output.invalid',
    'InvalidUpdateError',
    'Expected node "plan" to return an object or an array containing at least one Command object, received string',
  ],
  [
    'output.invalid',
    'langgraph.errors.InvalidUpdateError',
    'Expected dict, got hello\nFor troubleshooting, visit: https://python.langchain.com/docs/troubleshooting/errors/INVALID_GRAPH_NODE_RETURN_VALUE',
  ],
  [
    'graph.invalid',
    'ValueError',
    'Graph must have an entrypoint: add at least one edge from START to another node',
  ],
  [
    'graph.invalid',
    'UnreachableNodeError',
    'Node `b` is not reachable.\n\nIf you are returning Command objects from your node, make sure you are passing names of potential destination nodes as an "ends" array.',
  ],
  [
    'graph.node_not_found',
    'ValueError',
    "At 'router' node, 'decide' branch found unknown target 'writer'",
  ],
  ['graph.node_not_found', 'ValueError', 'Found edge ending at unknown node `writer`'],
  ['graph.node_not_found', 'Error', 'Node writer not found in graph'],
  [
    'graph.condition_error',
    'TypeError',
    "Cannot read properties of undefined (reading 'next')",
    { site: 'graph.route' },
  ],
  [
    'graph.condition_error',
    'NameError',
    "Error evaluating edge condition: name 'score' is not defined",
  ],
  ['graph.dead_end', 'GraphError', 'No edge matched after node review'],
  ['graph.visit_limit', 'GraphError', 'Node plan exceeded max visits (3)'],
  ['graph.invalid', 'Error', 'edge without a source', { site: 'graph.validate' }],
  ['input.missing', 'langgraph.errors.EmptyInputError', 'Received no input for __start__'],
  [
    'input.missing',
    'KeyError',
    "\"Input to PromptTemplate is missing variables {'topic'}.  Expected: ['topic'] Received: ['question']\"",
  ],
  ['input.missing', 'ValueError', "Missing some input keys: {'question'}"],
  ['loop.max_iterations', 'NodeError', 'Max iterations (5) reached without acceptance'],
  ['loop.max_iterations', 'agents.exceptions.MaxTurnsExceeded', 'Max turns (10) exceeded'],
  ['loop.max_iterations', 'Error', 'Agent stopped due to max iterations.'],
  [
    'loop.max_iterations',
    'ModelCallLimitMiddlewareError',
    'Model call limits exceeded: run level call limit reached with 2 model calls',
  ],
  ['loop.stall', 'NodeError', 'Node stalled: 3 similar responses (70+ threshold)'],
  [
    'tool.doom_loop',
    'NodeError',
    'Tool doom loop detected: search called 5 times with the same arguments',
  ],
  [
    'output.missing',
    'NodeError',
    "Task incomplete. Required outputs not yet produced: ['summary']",
  ],
  ['output.silent', 'NodeError', 'Accepted output is empty: the output was blank'],
  ['judge.rejected', 'JudgeError', 'Result rejected by judge after 3 attempts'],
  ['judge.rejected', '', 'score 0.4, not accepted', { site: 'judge' }],
  ['judge.escalated', 'JudgeError', 'Judge escalated to a human after 3 retries'],
  ['branch.failed', 'ParallelError', 'Branch fetch_news failed: boom'],
  ['branch.timeout', 'ParallelError', 'Branch fetch_news timed out after 30s'],
  ['constraint.hard', 'ConstraintViolation', 'Hard constraint violated: no_pii'],
  ['constraint.soft', 'ConstraintViolation', 'Soft constraint violated: tone'],
  ['budget.cost', 'PipelineRejectedError', 'Estimated cost $0.52 exceeds budget $0.50'],
  [
    'budget.cost',
    'litellm.BudgetExceededError',
    'Budget has been exceeded! Current cost: 12.1, Max budget: 10.0',
  ],
  ['budget.tokens', 'BudgetError', 'Token budget exceeded: 120000 of 100000'],
  ['budget.time', 'BudgetError', 'Time budget exceeded after 600 s'],
  [
    'worker.lost',
    'billiard.exceptions.WorkerLostError',
    'Worker exited prematurely: signal 9 (SIGKILL) Job: 12.',
  ],
  [
    'worker.lost',
    'concurrent.futures.process.BrokenProcessPool',
    'A process in the process pool was terminated abruptly while the future was running or pending.',
  ],
];

const TOOLS: Message[] = [
  ['tool.timeout', 'McpError', 'MCP error -32001: Request timed out'],
  ['tool.invalid_arguments', 'McpError', 'MCP error -32602: Invalid request parameters'],
  ['tool.not_found', 'ToolError', "Unknown tool: 'search'"],
  ['tool.not_found', '', 'Error: serch is not a valid tool, try one of [search, fetch].'],
  ['tool.error', 'ToolException', 'Error executing tool search: boom'],
  ['tool.error', 'Error', 'page is empty', TOOL],
  ['tool.error', 'Error', 'boom', { operation: 'execute_tool' }],
  [
    'tool.auth',
    'HTTPError',
    '401 Client Error: Unauthorized for url: https://api.github.com/user',
    TOOL,
  ],
  ['tool.auth', 'Error', 'Forbidden', { operation: 'TOOL' }],
  ['tool.timeout', 'TimeoutError', 'locator.click: Timeout 30000ms exceeded: timed out', TOOL],
  [
    'tool.invalid_arguments',
    'pydantic_core._pydantic_core.ValidationError',
    '1 validation error for SearchInput\nquery\n  Field required [type=missing, input_value={}, input_type=dict]',
    TOOL,
  ],
  [
    'tool.invalid_arguments',
    'ToolInputParsingException',
    'Received tool input did not match expected schema',
  ],
  ['tool.invalid_arguments', 'TypeError', "search() got an unexpected keyword argument 'q'", TOOL],
  ['network.error', 'ConnectionError', 'connect ECONNREFUSED 127.0.0.1:9200', TOOL],
];

const CODE: Message[] = [
  [
    'network.error',
    'requests.exceptions.ConnectionError',
    "HTTPSConnectionPool(host='api.x.com', port=443): Max retries exceeded with url: /v1 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f1>: Failed to establish a new connection: [Errno 111] Connection refused'))",
  ],
  [
    'network.error',
    'requests.exceptions.SSLError',
    "HTTPSConnectionPool(host='x.com', port=443): Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')))",
  ],
  ['network.error', 'httpx.ConnectError', '[Errno -2] Name or service not known'],
  ['network.error', 'httpx.ConnectTimeout', ''],
  ['network.error', 'TypeError', 'fetch failed'],
  ['network.error', 'Error', 'getaddrinfo ENOTFOUND api.example.com'],
  ['network.error', 'AxiosError', 'socket hang up'],
  ['network.error', 'AxiosError', 'Network Error'],
  ['network.error', 'SocketError', 'other side closed'],
  ['network.error', 'aiohttp.client_exceptions.ServerDisconnectedError', 'Server disconnected'],
  [
    'network.error',
    'psycopg2.OperationalError',
    'connection to server at "localhost" (::1), port 5432 failed: Connection refused',
  ],
  ['network.error', '*net.OpError', 'dial tcp 10.0.0.1:443: i/o timeout'],
  [
    'network.error',
    'redis.exceptions.ConnectionError',
    'Error 111 connecting to localhost:6379. Connection refused.',
  ],
  [
    'data.error',
    'pydantic_core._pydantic_core.ValidationError',
    '1 validation error for Order\ntotal\n  Input should be a valid number [type=float_type, input_value=None, input_type=NoneType]',
  ],
  [
    'data.error',
    'ZodError',
    '[\n  {\n    "code": "invalid_type",\n    "expected": "string",\n    "received": "undefined",\n    "path": [\n      "name"\n    ],\n    "message": "Required"\n  }\n]',
  ],
  ['data.error', 'SyntaxError', 'Unexpected token \'H\', "Hello wor"... is not valid JSON'],
  ['data.error', 'SyntaxError', 'Unexpected end of JSON input'],
  ['data.error', 'json.decoder.JSONDecodeError', 'Extra data: line 2 column 1 (char 12)'],
  [
    'data.error',
    'UnicodeDecodeError',
    "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
  ],
  ['data.error', 'ValueError', "invalid literal for int() with base 10: 'abc'"],
  ['data.error', 'ValueError', "could not convert string to float: 'N/A'"],
  ['data.error', 'ValueError', "time data '2024' does not match format '%Y-%m-%d'"],
  ['data.error', 'pandas.errors.EmptyDataError', 'No columns to parse from file'],
  [
    'data.error',
    'psycopg2.errors.UniqueViolation',
    'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=(bob@example.com) already exists.',
  ],
  ['data.error', 'sqlite3.IntegrityError', 'UNIQUE constraint failed: users.email'],
  ['data.error', 'error', 'invalid input syntax for type integer: "abc"'],
  ['data.error', 'FileNotFoundError', "[Errno 2] No such file or directory: 'seattle_weather.csv'"],
  ['data.error', 'Error', "ENOENT: no such file or directory, open '/srv/in.json'"],
  ['code.error', 'error', 'relation "orders" does not exist'],
  ['code.error', 'sqlite3.OperationalError', 'no such table: orders'],
  ['code.error', 'psycopg2.errors.SyntaxError', 'syntax error at or near "FORM"'],
  ['code.error', 'TypeError', "'NoneType' object is not iterable"],
  ['code.error', 'TypeError', "Cannot read properties of undefined (reading 'map')"],
  ['code.error', 'TypeError', 'order.total is not a function'],
  ['code.error', 'ReferenceError', 'totals is not defined'],
  ['code.error', 'RangeError', 'Maximum call stack size exceeded'],
  ['code.error', 'NameError', "name 'perform_web_search' is not defined"],
  ['code.error', 'KeyError', "'transcript'"],
  ['code.error', 'IndexError', 'list index out of range'],
  ['code.error', 'AttributeError', "'NoneType' object has no attribute 'find_next'"],
  ['code.error', 'ZeroDivisionError', 'division by zero'],
  ['code.error', 'RecursionError', 'maximum recursion depth exceeded'],
  [
    'code.error',
    'java.lang.NullPointerException',
    'Cannot invoke "String.length()" because "s" is null',
  ],
  [
    'code.error',
    'runtime.errorString',
    'runtime error: invalid memory address or nil pointer dereference',
  ],
  ['config.error', 'ModuleNotFoundError', "No module named 'googlemaps'"],
  ['config.error', 'Error', "Cannot find module 'left-pad'\nRequire stack:\n- /app/x.js"],
  ['config.error', 'PermissionError', "[Errno 13] Permission denied: '/etc/secret'"],
  ['config.error', 'redis.exceptions.AuthenticationError', 'NOAUTH Authentication required.'],
  ['config.error', 'error', 'password authentication failed for user "app"'],
  ['resource.exhausted', 'MemoryError', ''],
  ['resource.exhausted', 'OSError', '[Errno 28] No space left on device'],
  ['resource.exhausted', 'Error', "EMFILE: too many open files, open '/tmp/x'"],
  ['resource.exhausted', 'error', 'sorry, too many clients already'],
  ['resource.exhausted', 'ReplyError', "OOM command not allowed when used memory > 'maxmemory'."],
  [
    'resource.exhausted',
    'torch.OutOfMemoryError',
    'CUDA out of memory. Tried to allocate 20.00 MiB.',
  ],
  ['resource.exhausted', 'java.lang.OutOfMemoryError', 'Java heap space'],
];

/** What says nothing of why: no class is the honest answer. */
const NOTHING: Message[] = [
  ['unclassified', '', ''],
  ['unclassified', 'Error', ''],
  ['unclassified', 'Error', 'boom'],
  ['unclassified', 'Error', 'Something went wrong'],
  ['unclassified', '_OTHER', 'failed'],
  ['unclassified', 'ValueError', 'not good enough'],
  ['unclassified', 'Exception', 'order 17 was refused'],
  ['unclassified', 'Error', 'the customer asked for a rate limit of 3'],
  ['unclassified', 'Error', 'Ungültige Bestellung'],
  ['unclassified', 'Error', '订单17失败'],
  ['unclassified', 'HTTPStatusError', "Client error '418 I'm a teapot' for url 'https://x.com'"],
  ['unclassified', 'Error', 'the node prefers another model'],
  ['unclassified', 'RuntimeError', 'tokens'],
  ['unclassified', 'Error', 'step 3 of 5'],
  ['unclassified', '500', ''],
];

export const MESSAGES: readonly Message[] = [
  ...KINDS,
  ...MODELS,
  ...GRAPHS,
  ...TOOLS,
  ...CODE,
  ...NOTHING,
];
