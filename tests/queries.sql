-- What both engines are asked: see tests/system/test_reading_without_spark.py. Separated by blank lines.

SELECT 1 AS i, 1.50 AS d, 1.5e0 AS x, CAST(2.345 AS DECIMAL(10,2)) AS r, CAST(NULL AS INT) AS n, true AS b,
DATE'2026-01-31' AS day, TIMESTAMP'2026-01-31 12:00:00.123' AS at, X'00FF' AS raw, 'it''s' AS s;

SELECT 7 / 2, 7 DIV 2 AS d, 7 % 3, -7 % 3, 0.1 + 0.2, round(2.5) AS r, abs(-3), power(2, 10) AS p,
greatest(1, 2, NULL);

SELECT category, count(*), count(DISTINCT poster_name), avg(follower_count), min(title), max(downloaded),
sum(follower_count) FROM silver.pins_batch GROUP BY 1 HAVING count(*) > 1 ORDER BY category;

SELECT unique_id, follower_count FROM silver.pins_stream ORDER BY follower_count, unique_id;

SELECT unique_id, follower_count FROM silver.pins_stream ORDER BY follower_count DESC, unique_id LIMIT 3;

SELECT unique_id, size(tag_list), tag_list[0], array_contains(tag_list, 'art'), array_join(tag_list, '|'),
element_at(tag_list, 1) FROM silver.pins_batch WHERE size(tag_list) > 0;

SELECT unique_id, explode(tag_list) FROM silver.pins_batch;

SELECT tag, count(*) AS n FROM silver.pins_batch LATERAL VIEW explode(tag_list) t AS tag GROUP BY tag;

SELECT array_sort(collect_set(category)) AS c, array_sort(collect_list(follower_count)) AS f FROM silver.pins_batch;

SELECT date_trunc('HOUR', event_time) AS h, to_date(event_time), year(event_time), month(event_time),
date_format(event_time, 'yyyy-MM-dd HH:mm'), event_time + INTERVAL 1 DAY AS p, datediff(event_time,
'2026-01-01'), hour(event_time) FROM silver.pins_batch;

SELECT count(*) FROM silver.pins_batch WHERE event_time > '2026-01-01' AND event_time <
TIMESTAMP'2999-01-01';

SELECT b.unique_id, s.follower_count FROM silver.pins_batch b JOIN silver.pins_stream s USING (unique_id);

SELECT pins_batch.title FROM silver.pins_batch LEFT ANTI JOIN gold.pin_features_stream g ON g.unique_id =
pins_batch.unique_id AND g.category = 'art';

SELECT silver.pins_batch.title, f.category FROM silver.pins_batch LEFT JOIN gold.pin_features_batch f ON
f.unique_id = silver.pins_batch.unique_id AND f.follower_count > 50;

SELECT unique_id, row_number() OVER (PARTITION BY category ORDER BY unique_id) AS n, lag(unique_id) OVER
(ORDER BY unique_id) AS p, sum(follower_count) OVER (ORDER BY unique_id ROWS BETWEEN 1 PRECEDING AND CURRENT
ROW) AS s FROM silver.pins_batch;

SELECT n.unique_id, o.category AS old, n.category AS new FROM silver.pins_stream VERSION AS OF 1 o JOIN
silver.pins_stream n ON o.unique_id = n.unique_id AND o.category <> n.category;

SELECT (SELECT count(*) FROM bronze.pins_batch VERSION AS OF 0), count(*) FROM bronze.pins_batch;

WITH few AS (SELECT * FROM gold.pin_features_batch WHERE follower_count IS NULL) SELECT count(*) AS n,
max(category) AS c FROM few UNION ALL SELECT 0, NULL;

SELECT unique_id FROM silver.pins_batch WHERE unique_id IN (SELECT unique_id FROM gold.pin_features_batch
WHERE category = 'art') AND NOT EXISTS (SELECT 1 FROM quarantine.pins_batch q WHERE q.event_id =
pins_batch.event_id) AND title IS NOT NULL;

SELECT upper(title), length(title), substring(title, 2, 3), concat(category, '-', title), title || '!' AS e,
title LIKE '%a%' AS l, coalesce(title, 'none'), nvl(title, 'none') AS v, if(downloaded = 1, 'y', 'n') AS i, trim('  x ') AS t,
CASE WHEN follower_count > 100 THEN 'many' ELSE 'few' END AS f, split(category, 'r') AS s, replace(category, 'a',
'b'), regexp_replace(category, '[aeiou]', '.') AS x, title RLIKE '^[a-z]' AS m FROM silver.pins_batch;

SELECT id, reasons, broken[0].rule AS rule, size(broken) AS n FROM quarantine.pins_batch;

SELECT offset, length(value), CAST(key AS STRING), CAST(value AS STRING) AS v, CAST(kafka_timestamp AS STRING) AS t,
CAST(offset AS STRING) AS o, get_json_object(CAST(value AS STRING), '$.category') AS c FROM bronze.pins_stream;

SELECT lane, step, sum(rows_in), sum(inserted) FROM ops.ledger WHERE `table` <> 'postgres' GROUP BY lane,
step;

SELECT title FROM silver.pins_stream WHERE unique_id = '0190163d-8694-739b-aea5-966c26f8ad91';

SELECT * FROM silver.pins_stream_latest;

SELECT category, count(*) AS n FROM gold.pin_features_stream_latest WHERE unique_id >=
'0190163d-8694-739b-aea5-966c26f8ad91' AND category = 'art' GROUP BY category;

SELECT s.unique_id, s.category AS was, l.category AS is_now, o.category AS then FROM silver.pins_stream s JOIN
silver.pins_stream_latest l ON s.unique_id = l.unique_id JOIN silver.pins_stream_latest VERSION AS OF 1 AS o ON
o.unique_id = s.unique_id WHERE s.event_id <= l.event_id;

WITH art AS (SELECT silver.pins_stream_latest.unique_id FROM silver.pins_stream_latest WHERE
silver.pins_stream_latest.category = 'art') SELECT count(*), max(unique_id) AS m FROM art;

SELECT unique_id, follower_count FROM gold.pin_features_stream_latest AS newest WHERE EXISTS (SELECT 1 FROM
gold.pin_features_stream f WHERE f.unique_id = newest.unique_id AND f.event_id < newest.event_id);

SELECT median(follower_count), round(stddev(follower_count), 3) FROM silver.pins_batch;

SELECT * FROM VALUES (1, 'a'), (2, NULL) AS t(x, y);
