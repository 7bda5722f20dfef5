-- What the UTC day $1 has cost so far in currency $2, in 1e-9 of it, behind the day.
SELECT $1::text AS day, coalesce(sum(cost) * 1000000000, 0)::bigint AS nano FROM model_days WHERE day = $1::text::date AND currency = $2::text
