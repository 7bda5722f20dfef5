-- What the model calls of the UTC day $1 took, by service, model, served tier and currency; and their sums.
SELECT coalesce(json_agg(json_build_object('provider', provider, 'model', model, 'tier', nullif(tier, ''), 'calls', calls,
        'unanswered', unanswered, 'tokens', json_build_object('prompt', prompt_tokens, 'cached', cached_tokens,
        'output', output_tokens, 'thinking', thinking_tokens), 'currency', nullif(currency, ''), 'amount', cost)
        ORDER BY provider, model, tier, currency), '[]')::text,
    coalesce(sum(calls), 0)::bigint, coalesce(sum(unanswered), 0)::bigint, coalesce(sum(prompt_tokens), 0)::bigint,
    coalesce(sum(cached_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(thinking_tokens), 0)::bigint,
    (SELECT coalesce(json_agg(json_build_object('currency', s.currency, 'amount', s.amount)), '[]')::text FROM (
        SELECT m.currency, sum(m.cost) AS amount FROM model_days m WHERE m.day = $1::date AND m.cost IS NOT NULL
        GROUP BY 1 ORDER BY 1) AS s)
FROM model_days WHERE day = $1::date
