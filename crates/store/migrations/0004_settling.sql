-- Clusters that were seen to change their version, and how far they have settled since. `behind` counts nodes below the API
-- server's minor, NULL where nobody could tell; `next_at` is when the next sample is due, NULL when none is planned.
CREATE TABLE settlings (
    cluster_id TEXT PRIMARY KEY REFERENCES clusters (id) ON DELETE CASCADE,
    version TEXT NOT NULL,
    behind BIGINT,
    converged_at BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    next_at BIGINT
);

CREATE INDEX settlings_due ON settlings (next_at) WHERE next_at IS NOT NULL;

-- The last samples of each: what a post-check compares.
CREATE TABLE samples (
    cluster_id TEXT NOT NULL REFERENCES settlings (cluster_id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    recording BLOB NOT NULL,
    PRIMARY KEY (cluster_id, number)
);
