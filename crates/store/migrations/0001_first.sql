CREATE TABLE seal (
    id BIGINT PRIMARY KEY,
    canary BLOB NOT NULL
);

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE clusters (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    alias TEXT,
    access TEXT NOT NULL CHECK (access IN ('kubeconfig', 'in-cluster', 'recording')),
    access_path TEXT,
    access_context TEXT,
    version TEXT,
    phase TEXT,
    endpoint_url TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE access_keys (
    ak TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    sealed_sk BLOB NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- `state` is what the wire shows; whether a task can be claimed follows from `run_at` and the lease alone.
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('precheck', 'postcheck')),
    spec TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('init', 'running', 'done')),
    phase TEXT CHECK (phase IN ('Success', 'Failed', 'Error')),
    message TEXT,
    result BLOB,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_fence BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT,
    CHECK ((state = 'done') = (phase IS NOT NULL))
);

CREATE UNIQUE INDEX tasks_active ON tasks (cluster_id, kind) WHERE state <> 'done';
CREATE INDEX tasks_due ON tasks (run_at, created_at, id) WHERE state <> 'done';
CREATE INDEX tasks_newest ON tasks (cluster_id, kind, created_at, id);

CREATE TABLE baselines (
    task_id TEXT PRIMARY KEY,
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    taken_at BIGINT NOT NULL,
    version TEXT NOT NULL,
    target_version TEXT NOT NULL,
    recording BLOB NOT NULL
);

CREATE INDEX baselines_newest ON baselines (cluster_id, taken_at, task_id);
