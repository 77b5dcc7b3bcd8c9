-- Tokens and money that the last failures of some fingerprints report, in the units of their senders. A span
-- has one name for each at most; `failures` counts those that report anything.
SELECT
    countIf(input + output + money > 0) AS failures,
    toUInt64(sum(input)) AS input_tokens,
    toUInt64(sum(output)) AS output_tokens,
    sum(money) AS cost
FROM
(
    SELECT
        arrayMax(arrayMap(
            name -> toFloat64OrZero(attributes[name]),
            ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt', 'ai.usage.inputTokens', 'ai.usage.promptTokens'])) AS input,
        arrayMax(arrayMap(
            name -> toFloat64OrZero(attributes[name]),
            ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion', 'ai.usage.outputTokens', 'ai.usage.completionTokens'])) AS output,
        arrayMax(arrayMap(
            name -> toFloat64OrZero(attributes[name]),
            ['gen_ai.usage.cost', 'llm.cost.total', 'gen_ai.usage.total_cost'])) AS money
    FROM failures FINAL
    PREWHERE agent_id = {agent:String} AND fingerprint IN {fingerprints:Array(String)}
    ORDER BY timestamp DESC
    LIMIT {limit:UInt32}
)
