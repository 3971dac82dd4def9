-- The features as analysts see them. Safe to run any number of times.
CREATE TABLE IF NOT EXISTS experimental_data (
    unique_id uuid PRIMARY KEY,
    category text,
    follower_count integer,
    downloaded integer,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    loaded_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS experimental_data_category ON experimental_data (category);
CREATE INDEX IF NOT EXISTS experimental_data_event_time ON experimental_data (event_time);
COMMENT ON TABLE experimental_data IS 'Features of each pin, from its newest event';
COMMENT ON COLUMN experimental_data.unique_id IS 'the pin';
COMMENT ON COLUMN experimental_data.category IS 'the pin''s category';
COMMENT ON COLUMN experimental_data.follower_count IS 'followers of the poster; null when unknown';
COMMENT ON COLUMN experimental_data.downloaded IS '1 when the picture was saved, else 0';
COMMENT ON COLUMN experimental_data.event_id IS 'UUIDv7 of the event; only a newer one replaces a row';
COMMENT ON COLUMN experimental_data.event_time IS 'the time inside event_id';
COMMENT ON COLUMN experimental_data.loaded_at IS 'when the row was written here';
CREATE TABLE IF NOT EXISTS loads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    query text NOT NULL,
    batch bigint NOT NULL,
    receipt jsonb,
    rows_in bigint NOT NULL,
    inserted bigint NOT NULL,
    updated bigint NOT NULL,
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (query, batch)
);
ALTER TABLE loads ADD COLUMN IF NOT EXISTS erased bigint NOT NULL DEFAULT 0;
ALTER TABLE loads ADD COLUMN IF NOT EXISTS position jsonb;
-- The serving query adds a row up to once a second; the ledger and the trace of a pin look for times.
CREATE INDEX IF NOT EXISTS loads_loaded_at ON loads (loaded_at);
COMMENT ON TABLE loads IS 'What each micro-batch of the serving query has changed in experimental_data';
COMMENT ON COLUMN loads.receipt IS 'run, step and Kafka offsets, as in the commits of the Delta tables';
COMMENT ON COLUMN loads.position IS 'by topic and partition, the offset that the serving query reads next; null for loads of others';
COMMENT ON COLUMN loads.erased IS 'rows removed because their pin was erased: by a command, not a micro-batch';
COMMENT ON COLUMN loads.updated IS 'rows replaced by a newer event; the rest of rows_in was no newer';
CREATE OR REPLACE VIEW category_summary AS
    SELECT category,
           count(*) AS pins,
           sum(downloaded) AS downloaded,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY follower_count) AS median_follower_count,
           max(follower_count) AS max_follower_count,
           max(event_time) AS newest_event
    FROM experimental_data
    GROUP BY category;
COMMENT ON VIEW category_summary IS 'Pins, downloads and followers per category, as of now';
