-- What the UTC day $1 has cost so far in currency $2, in 1e-9 of it.
SELECT coalesce(sum(cost) * 1000000000, 0)::bigint FROM model_days WHERE day = $1::date AND currency = $2::text
