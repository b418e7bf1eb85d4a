-- One token a cluster, as its SHA-256: it is random and long, so that nobody can guess what gives the same.
CREATE TABLE audit_tokens (
    cluster_id TEXT PRIMARY KEY REFERENCES clusters (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

-- What all batches of a cluster add up to, beside its rows.
CREATE TABLE audit_logs (
    cluster_id TEXT PRIMARY KEY REFERENCES clusters (id) ON DELETE CASCADE,
    events BIGINT NOT NULL,
    first_event BIGINT,
    last_event BIGINT,
    received_at BIGINT,
    swept_at BIGINT NOT NULL,
    uncounted BIGINT NOT NULL,
    uncounted_clients BIGINT NOT NULL,
    uncounted_at BIGINT,
    refused BIGINT NOT NULL,
    refusal TEXT,
    refused_at BIGINT
);

CREATE TABLE audit_calls (
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    api_group TEXT NOT NULL,
    api_version TEXT NOT NULL,
    resource TEXT NOT NULL,
    subresource TEXT NOT NULL,
    user_name TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    verb TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    removed_release TEXT,
    PRIMARY KEY (cluster_id, api_group, api_version, resource, subresource, user_name, user_agent, verb)
);

CREATE TABLE audit_clients (
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    user_name TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, user_name, user_agent)
);

-- A batch that is sent again, because its answer got lost, counts once.
CREATE TABLE audit_batches (
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, digest)
);

CREATE INDEX audit_batches_age ON audit_batches (cluster_id, received_at);
