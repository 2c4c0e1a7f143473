//! The statements that make the tables.

/// Statements that lead from one schema version to the next; `koi_store.version` counts those applied.
/// What has been released is never changed, only added to.
///
/// Triggers run once for a statement, not for a row: those that count would otherwise change one row
/// of theirs over and over in one transaction, which PostgreSQL pays for with the square of how often.
pub(in crate::postgres) const MIGRATIONS: &[&str] = &["
    CREATE TABLE koi_store (version bigint NOT NULL);
    INSERT INTO koi_store VALUES (0);

    -- The type of the RID, and the timestamp in microseconds since 1970: both follow from other
    -- columns, and are there to be indexed.
    CREATE TABLE bundle (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        rid bytea NOT NULL,
        timestamp bytea NOT NULL,
        sha256_hash bytea NOT NULL,
        extras bytea,
        contents bytea NOT NULL,
        writer_extension bytea,
        writer_revision bigint,
        writer_digest bytea,
        source bytea,
        rid_type bytea NOT NULL,
        time bigint NOT NULL
    );
    CREATE UNIQUE INDEX bundle_rid ON bundle (sha256(rid));
    CREATE INDEX bundle_order ON bundle (substring(rid, 1, 1024));
    CREATE INDEX bundle_time ON bundle (sha256(rid_type), time, substring(rid, 1, 1024));
    CREATE INDEX bundle_writer ON bundle (writer_extension, substring(rid, 1, 1024))
        WHERE writer_extension IS NOT NULL;

    CREATE TABLE inbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        arrived_as bytea NOT NULL,
        rid bytea NOT NULL,
        manifest_rid bytea,
        timestamp bytea,
        sha256_hash bytea,
        extras bytea,
        contents bytea,
        source bytea,
        writer_extension bytea,
        writer_revision bigint,
        writer_digest bytea,
        cause bytea,
        depth bigint NOT NULL,
        correlation bytea NOT NULL,
        attempts bigint NOT NULL DEFAULT 0,
        due bytea NOT NULL
    );

    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_type bytea NOT NULL,
        rid bytea NOT NULL,
        manifest_rid bytea,
        timestamp bytea,
        sha256_hash bytea,
        extras bytea,
        contents bytea,
        peer bytea NOT NULL,
        attempts bigint NOT NULL DEFAULT 0,
        version bigint NOT NULL DEFAULT 0,
        given bigint NOT NULL DEFAULT 0,
        bytes bigint NOT NULL,
        at bigint NOT NULL
    );
    CREATE INDEX outbox_peer ON outbox (sha256(peer), id);
    CREATE INDEX outbox_rid ON outbox (sha256(peer), sha256(rid));

    CREATE TABLE dead_letter (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        arrived_as bytea NOT NULL,
        rid bytea NOT NULL,
        manifest_rid bytea,
        timestamp bytea,
        sha256_hash bytea,
        extras bytea,
        contents bytea,
        source bytea,
        writer_extension bytea,
        writer_revision bigint,
        writer_digest bytea,
        cause bytea,
        depth bigint NOT NULL,
        correlation bytea NOT NULL,
        phase bytea NOT NULL,
        extension bytea,
        reason bytea NOT NULL,
        kind bytea NOT NULL,
        at bytea NOT NULL,
        peer bytea,
        times bigint NOT NULL,
        bytes bigint NOT NULL
    );
    CREATE INDEX dead_letter_rid ON dead_letter (sha256(rid));

    CREATE TABLE component (
        digest bytea PRIMARY KEY,
        bytes bytea NOT NULL
    );
    -- Of machine code little is saved by compressing it.
    ALTER TABLE component ALTER bytes SET STORAGE EXTERNAL;

    CREATE TABLE revision (
        extension bytea NOT NULL,
        revision bigint NOT NULL,
        digest bytea NOT NULL REFERENCES component (digest),
        version bytea NOT NULL,
        description bytea NOT NULL,
        grants bytea NOT NULL,
        settings bytea NOT NULL,
        tool_prefix bytea NOT NULL,
        source bytea NOT NULL,
        installed_at bytea NOT NULL,
        PRIMARY KEY (extension, revision)
    );

    CREATE TABLE active_revision (
        extension bytea PRIMARY KEY,
        revision bigint NOT NULL,
        FOREIGN KEY (extension, revision) REFERENCES revision (extension, revision)
    );

    CREATE TABLE saved_state (
        extension bytea PRIMARY KEY,
        revision bigint NOT NULL,
        saved_at bytea NOT NULL,
        state bytea NOT NULL
    );
",
    // The audit log.
    "
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at bytea NOT NULL,
        who bytea NOT NULL,
        action bytea NOT NULL,
        extension bytea,
        before bytea,
        after bytea
    );
    CREATE INDEX audit_extension ON audit (extension, id);
    CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE 'the audit log only grows';
    END $$;
    CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps();
",
    // Keys and values, and what they take.
    "
    CREATE TABLE key_value (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        extension bytea NOT NULL,
        bucket bytea NOT NULL,
        key bytea NOT NULL,
        value bytea NOT NULL
    );
    CREATE UNIQUE INDEX key_value_key ON key_value (extension, bucket, sha256(key));
    CREATE INDEX key_value_order ON key_value (extension, bucket, id);
    CREATE TABLE key_value_usage (
        extension bytea PRIMARY KEY,
        keys bigint NOT NULL,
        bytes bigint NOT NULL
    );
    CREATE FUNCTION key_value_count() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF TG_OP IN ('UPDATE', 'DELETE') THEN
            UPDATE key_value_usage SET keys = key_value_usage.keys - gone.keys,
                bytes = key_value_usage.bytes - gone.bytes
            FROM (
                SELECT extension, count(*) AS keys, sum(octet_length(key) + octet_length(value)) AS bytes
                FROM gone GROUP BY extension
            ) AS gone
            WHERE key_value_usage.extension = gone.extension;
        END IF;
        IF TG_OP IN ('UPDATE', 'INSERT') THEN
            INSERT INTO key_value_usage (extension, keys, bytes)
            SELECT extension, count(*), sum(octet_length(key) + octet_length(value))
            FROM come GROUP BY extension
            ON CONFLICT (extension) DO UPDATE SET keys = key_value_usage.keys + excluded.keys,
                bytes = key_value_usage.bytes + excluded.bytes;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER key_value_added AFTER INSERT ON key_value REFERENCING NEW TABLE AS come
        FOR EACH STATEMENT EXECUTE FUNCTION key_value_count();
    CREATE TRIGGER key_value_changed AFTER UPDATE ON key_value
        REFERENCING OLD TABLE AS gone NEW TABLE AS come
        FOR EACH STATEMENT EXECUTE FUNCTION key_value_count();
    CREATE TRIGGER key_value_removed AFTER DELETE ON key_value REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION key_value_count();
",
    // Sessions of MCP clients, and what their subscriptions take.
    "
    CREATE TABLE mcp_session (
        id bytea PRIMARY KEY,
        principal bytea,
        endpoint bytea NOT NULL,
        initialize bytea NOT NULL,
        log_level bytea,
        last_used bigint NOT NULL
    );
    CREATE INDEX mcp_session_last_used ON mcp_session (last_used);
    CREATE TABLE mcp_subscription (
        session bytea NOT NULL REFERENCES mcp_session (id) ON DELETE CASCADE,
        uri bytea NOT NULL
    );
    CREATE UNIQUE INDEX mcp_subscription_uri ON mcp_subscription (session, sha256(uri));
    CREATE TABLE mcp_subscription_usage (bytes bigint NOT NULL);
    INSERT INTO mcp_subscription_usage VALUES (0);
    CREATE FUNCTION mcp_subscription_count() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            UPDATE mcp_subscription_usage
            SET bytes = bytes + (SELECT coalesce(sum(octet_length(uri)), 0) FROM changed);
        ELSE
            UPDATE mcp_subscription_usage
            SET bytes = bytes - (SELECT coalesce(sum(octet_length(uri)), 0) FROM changed);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER mcp_subscription_added AFTER INSERT ON mcp_subscription
        REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION mcp_subscription_count();
    CREATE TRIGGER mcp_subscription_removed AFTER DELETE ON mcp_subscription
        REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION mcp_subscription_count();
",
    // Indexes on what contents have at declared paths, each filled up to a RID, and the keys in them.
    "
    CREATE TABLE bundle_index (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        rid_type bytea NOT NULL,
        path bytea NOT NULL,
        filled_to bytea NOT NULL DEFAULT '',
        is_whole bigint NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX bundle_index_path ON bundle_index (sha256(rid_type), path);
    CREATE TABLE bundle_key (
        bundle bigint NOT NULL REFERENCES bundle (id) ON DELETE CASCADE,
        bundle_index bigint NOT NULL,
        key bytea NOT NULL,
        bundle_rid bytea NOT NULL,
        PRIMARY KEY (bundle, bundle_index)
    );
    CREATE INDEX bundle_key_order
        ON bundle_key (bundle_index, key, substring(bundle_rid, 1, 1024));
",
    // The runs of jobs; times are in microseconds since 1970.
    "
    CREATE TABLE job_run (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        extension bytea NOT NULL,
        job bytea NOT NULL,
        due bigint,
        times bigint NOT NULL,
        started bigint NOT NULL,
        ended bigint,
        outcome bytea NOT NULL,
        attempts bigint NOT NULL,
        reason bytea,
        result bytea,
        correlation bytea NOT NULL
    );
    CREATE INDEX job_run_job ON job_run (extension, job, id);
    CREATE INDEX job_run_running ON job_run (id) WHERE outcome = 'running';
",
    // Revisions are active in roles, and have a history: all that were installed until now have served.
    "
    ALTER TABLE revision
        ADD COLUMN installed_by bytea NOT NULL DEFAULT '',
        ADD COLUMN publisher bytea,
        ADD COLUMN pinned bigint NOT NULL DEFAULT 0,
        ADD COLUMN deprecated bytea,
        ADD COLUMN served_at bytea;
    UPDATE revision SET served_at = installed_at;

    ALTER TABLE active_revision
        DROP CONSTRAINT active_revision_pkey,
        ADD COLUMN role bytea NOT NULL DEFAULT 'serving',
        ADD COLUMN share bigint,
        ADD PRIMARY KEY (extension, revision);
    ALTER TABLE active_revision ALTER role DROP DEFAULT;
    CREATE UNIQUE INDEX active_revision_role ON active_revision (extension, role)
        WHERE role <> 'beside';
",
];
