-- Workflows first: tasks refer to them.
CREATE TABLE workflows (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    cluster_version TEXT NOT NULL,
    target_version TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('Init', 'Running', 'Pending', 'Success', 'Cancel')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX workflows_open ON workflows (cluster_id) WHERE phase NOT IN ('Success', 'Cancel');
CREATE INDEX workflows_newest ON workflows (cluster_id, created_at, id);

-- More kinds, what an upgrade's steps leave for the next one, and ready-made answers. SQLite cannot change a check: the table
-- is made anew. Large columns come last, the largest at the end: what stands behind them takes more pages to read.
CREATE TABLE tasks_next (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    workflow_id TEXT REFERENCES workflows (id) ON DELETE SET NULL,
    kind TEXT NOT NULL CHECK (kind IN ('precheck', 'postcheck', 'upgrade', 'snapshot', 'register')),
    spec TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('init', 'queuing', 'running', 'done')),
    phase TEXT CHECK (phase IN ('Success', 'Failed', 'Error')),
    message TEXT,
    progress BIGINT NOT NULL DEFAULT 0,
    scratch TEXT,
    tries BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    expires_at BIGINT,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_fence BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT,
    answer_form BIGINT,
    answer_at BIGINT,
    answer BLOB,
    result BLOB,
    CHECK ((state = 'done') = (phase IS NOT NULL))
);

INSERT INTO tasks_next (id, project_id, cluster_id, kind, spec, state, phase, message, result, progress,
    created_at, updated_at, started_at, ended_at, expires_at, run_at, attempt, max_attempts, lease_owner, lease_fence,
    lease_until, last_error)
SELECT id, project_id, cluster_id, kind, spec, state, phase, message, result, CASE state WHEN 'done' THEN 100 ELSE 0 END,
    created_at, updated_at, CASE state WHEN 'init' THEN NULL ELSE created_at END,
    CASE state WHEN 'done' THEN updated_at END, expires_at, run_at, attempt, max_attempts, lease_owner, lease_fence,
    lease_until, last_error FROM tasks;

DROP TABLE tasks;
ALTER TABLE tasks_next RENAME TO tasks;

CREATE UNIQUE INDEX tasks_active ON tasks (cluster_id, kind) WHERE state <> 'done';
CREATE INDEX tasks_due ON tasks (run_at, created_at, id) WHERE state <> 'done';
-- With the state, so that the oldest finished ones are found, and all are counted, without a look at large rows.
CREATE INDEX tasks_newest ON tasks (cluster_id, kind, created_at, id, state);
CREATE INDEX tasks_counted ON tasks (kind, state);
CREATE INDEX tasks_of_workflow ON tasks (workflow_id, kind, created_at, id) WHERE workflow_id IS NOT NULL;

-- `workflow_id` is the workflow that the plan opened; how far that is says what the plan waits for.
CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    cluster_id TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    cluster_version TEXT NOT NULL,
    target_version TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    not_before_deadline BIGINT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('Pending', 'Enqueued', 'Upgrading', 'Success', 'Failed', 'Skipped')),
    message TEXT,
    workflow_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX plans_open ON plans (cluster_id) WHERE phase IN ('Pending', 'Enqueued', 'Upgrading');
CREATE INDEX plans_newest ON plans (cluster_id, created_at, id);
CREATE INDEX plans_due ON plans (not_before) WHERE phase IN ('Pending', 'Enqueued', 'Upgrading');

-- A job outlives its cluster, so that whoever deleted it can see the end.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    cluster_id TEXT NOT NULL,
    cluster_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('CreateCluster', 'DeleteCluster')),
    phase TEXT NOT NULL CHECK (phase IN ('Initializing', 'Running', 'Failed', 'Success')),
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX jobs_newest ON jobs (project_id, created_at, id);
CREATE INDEX jobs_open ON jobs (cluster_id) WHERE phase IN ('Initializing', 'Running');

ALTER TABLE clusters ADD COLUMN job_id TEXT;
-- Totals of nodes and add-ons as last read, as JSON.
ALTER TABLE clusters ADD COLUMN totals TEXT;
ALTER TABLE clusters ADD COLUMN observed_at BIGINT;

ALTER TABLE access_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'operator';

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    locked_until BIGINT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE grants (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    role TEXT NOT NULL CHECK (role IN ('read-only', 'operator', 'admin')),
    PRIMARY KEY (user_id, project_id)
);

-- Tokens of the API and sessions of the pages, as the SHA-256 of a long random text.
CREATE TABLE tokens (
    digest BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES projects (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('token', 'session')),
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX tokens_age ON tokens (expires_at);
CREATE INDEX tokens_of_user ON tokens (user_id, purpose, issued_at);

-- Who asked for what, from where, and what was answered. The project may be one that is not there.
CREATE TABLE trail (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    project_id TEXT,
    actor TEXT NOT NULL,
    role TEXT,
    source TEXT NOT NULL,
    operation TEXT NOT NULL,
    cluster_id TEXT,
    status BIGINT NOT NULL,
    error_code TEXT,
    request_id TEXT NOT NULL
);

CREATE INDEX trail_of_project ON trail (project_id, id);
CREATE INDEX trail_age ON trail (at);

-- Rows of the trail a project, '' for those of none: counting them at each insertion would take too long.
CREATE TABLE trail_sizes (
    project_id TEXT PRIMARY KEY,
    size BIGINT NOT NULL
);
