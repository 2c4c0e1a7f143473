//! The tables, and how older files become like newer ones.
//!
//! RIDs are compared as bytes, which is the order of their text in Rust too. The rows of one type
//! are those between `type:` and `type;`, so that types need neither column nor index.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::{Result, StoreError};

/// Marks a file as a store of koi-mcp: "koi!" in ASCII.
const APPLICATION_ID: i64 = 0x6b6f_6921;

/// Statements that lead from one schema version to the next; `user_version` counts those applied.
/// What has been released is never changed, only added to.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE bundle (
        id INTEGER PRIMARY KEY,
        rid TEXT NOT NULL UNIQUE,
        timestamp TEXT NOT NULL,
        sha256_hash TEXT NOT NULL,
        extras TEXT,
        contents TEXT NOT NULL,
        writer_extension TEXT,
        writer_revision INTEGER,
        writer_digest TEXT
    ) STRICT;

    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        arrived_as TEXT NOT NULL,
        rid TEXT NOT NULL,
        manifest_rid TEXT,
        timestamp TEXT,
        sha256_hash TEXT,
        extras TEXT,
        contents TEXT,
        source TEXT,
        writer_extension TEXT,
        writer_revision INTEGER,
        writer_digest TEXT,
        cause TEXT,
        depth INTEGER NOT NULL,
        correlation TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due TEXT NOT NULL
    ) STRICT;

    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event_type TEXT NOT NULL,
        rid TEXT NOT NULL,
        manifest_rid TEXT,
        timestamp TEXT,
        sha256_hash TEXT,
        extras TEXT,
        contents TEXT,
        peer TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_peer ON outbox (peer);

    CREATE TABLE dead_letter (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        arrived_as TEXT NOT NULL,
        rid TEXT NOT NULL,
        manifest_rid TEXT,
        timestamp TEXT,
        sha256_hash TEXT,
        extras TEXT,
        contents TEXT,
        source TEXT,
        writer_extension TEXT,
        writer_revision INTEGER,
        writer_digest TEXT,
        cause TEXT,
        depth INTEGER NOT NULL,
        correlation TEXT NOT NULL,
        phase TEXT NOT NULL,
        extension TEXT,
        reason TEXT NOT NULL,
        kind TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT;

    CREATE TABLE component (
        digest TEXT PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE revision (
        extension TEXT NOT NULL,
        revision INTEGER NOT NULL,
        digest TEXT NOT NULL REFERENCES component (digest),
        version TEXT NOT NULL,
        description TEXT NOT NULL,
        grants TEXT NOT NULL,
        settings TEXT NOT NULL,
        source TEXT NOT NULL,
        installed_at TEXT NOT NULL,
        PRIMARY KEY (extension, revision)
    ) STRICT;

    CREATE TABLE active_revision (
        extension TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        FOREIGN KEY (extension, revision) REFERENCES revision (extension, revision)
    ) STRICT;

    CREATE TABLE key_value (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        extension TEXT NOT NULL,
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        UNIQUE (extension, bucket, key)
    ) STRICT;
    CREATE INDEX key_value_order ON key_value (extension, bucket, id);
",
    "
    CREATE TABLE saved_state (
        extension TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        saved_at TEXT NOT NULL,
        state BLOB NOT NULL
    ) STRICT;
",
    // The audit log.
    "
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        extension TEXT,
        before TEXT,
        after TEXT
    ) STRICT;
    CREATE INDEX audit_extension ON audit (extension, id);
    CREATE TRIGGER audit_keeps BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
",
    // Who told of a bundle. An outbox entry's event can be replaced, and is counted when it is given
    // to a peer that polls; what waits for a peer is bounded in rows, bytes and age. Dead letters of
    // deliveries have a peer, those that say the same again are counted.
    "
    ALTER TABLE bundle ADD COLUMN source TEXT;

    ALTER TABLE outbox ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN given INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET bytes = length(CAST(coalesce(contents, '') AS BLOB)),
        at = CAST(unixepoch('subsec') * 1000000 AS INTEGER);
    DROP INDEX outbox_peer;
    CREATE INDEX outbox_peer ON outbox (peer, id, bytes, at);
    CREATE INDEX outbox_rid ON outbox (peer, rid);

    ALTER TABLE dead_letter ADD COLUMN peer TEXT;
    ALTER TABLE dead_letter ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE dead_letter ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE dead_letter SET bytes = length(CAST(coalesce(contents, '') AS BLOB));
    CREATE INDEX dead_letter_rid ON dead_letter (rid);
    CREATE INDEX dead_letter_size ON dead_letter (id, bytes);
",
    // What keys and values take, kept by the database itself, so that it is right whoever writes.
    "
    CREATE TABLE key_value_usage (
        extension TEXT PRIMARY KEY,
        keys INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    ) STRICT;
    INSERT INTO key_value_usage
        SELECT extension, count(*), sum(length(CAST(key AS BLOB)) + length(value))
        FROM key_value GROUP BY extension;
    CREATE TRIGGER key_value_added AFTER INSERT ON key_value BEGIN
        INSERT INTO key_value_usage
        VALUES (new.extension, 1, length(CAST(new.key AS BLOB)) + length(new.value))
        ON CONFLICT (extension) DO UPDATE
            SET keys = keys + 1, bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER key_value_changed AFTER UPDATE OF value ON key_value BEGIN
        UPDATE key_value_usage SET bytes = bytes - length(old.value) + length(new.value)
        WHERE extension = new.extension;
    END;
    CREATE TRIGGER key_value_removed AFTER DELETE ON key_value BEGIN
        UPDATE key_value_usage
        SET keys = keys - 1, bytes = bytes - length(CAST(old.key AS BLOB)) - length(old.value)
        WHERE extension = old.extension;
    END;
",
    // Lists in the order of time, and what guests wrote.
    "
    -- Of the RID up to its reference, and of the instant in microseconds since 1970: both follow from
    -- other columns, and are there to be indexed.
    ALTER TABLE bundle ADD COLUMN rid_type TEXT AS (
        CASE WHEN substr(rid, 1, 4) IN ('orn:', 'urn:')
            THEN substr(rid, 1, 3 + instr(substr(rid, 5), ':'))
            ELSE substr(rid, 1, instr(rid, ':') - 1)
        END
    ) VIRTUAL;
    ALTER TABLE bundle ADD COLUMN time INTEGER AS (
        CAST(strftime('%s', timestamp) AS INTEGER) * 1000000
        + CASE WHEN instr(timestamp, '.') > 0
            THEN CAST(substr(rtrim(substr(timestamp, instr(timestamp, '.') + 1), 'Z') || '000000', 1, 6)
                AS INTEGER)
            ELSE 0
        END
    ) VIRTUAL;
    CREATE INDEX bundle_time ON bundle (rid_type, time, rid);
    CREATE INDEX bundle_writer ON bundle (writer_extension, rid)
        WHERE writer_extension IS NOT NULL;
",
    // Sessions of MCP clients; what their subscriptions take is kept by the database itself.
    "
    CREATE TABLE mcp_session (
        id TEXT PRIMARY KEY,
        principal TEXT,
        endpoint TEXT NOT NULL,
        initialize TEXT NOT NULL,
        log_level TEXT,
        last_used INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX mcp_session_last_used ON mcp_session (last_used);
    CREATE TABLE mcp_subscription (
        session TEXT NOT NULL REFERENCES mcp_session (id) ON DELETE CASCADE,
        uri TEXT NOT NULL,
        PRIMARY KEY (session, uri)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mcp_subscription_usage (bytes INTEGER NOT NULL) STRICT;
    INSERT INTO mcp_subscription_usage VALUES (0);
    CREATE TRIGGER mcp_subscription_added AFTER INSERT ON mcp_subscription BEGIN
        UPDATE mcp_subscription_usage SET bytes = bytes + length(CAST(new.uri AS BLOB));
    END;
    CREATE TRIGGER mcp_subscription_removed AFTER DELETE ON mcp_subscription BEGIN
        UPDATE mcp_subscription_usage SET bytes = bytes - length(CAST(old.uri AS BLOB));
    END;
    ",
    // What the operator puts before the names of an extension's tools.
    "
    ALTER TABLE revision ADD COLUMN tool_prefix TEXT NOT NULL DEFAULT '';
",
    // Indexes on what contents have at declared paths, each filled up to a RID, and the keys in them.
    "
    CREATE TABLE bundle_index (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        rid_type TEXT NOT NULL,
        path TEXT NOT NULL,
        filled_to TEXT NOT NULL DEFAULT '',
        is_whole INTEGER NOT NULL DEFAULT 0,
        UNIQUE (rid_type, path)
    ) STRICT;
    CREATE TABLE bundle_key (
        bundle INTEGER NOT NULL REFERENCES bundle (id) ON DELETE CASCADE,
        bundle_index INTEGER NOT NULL,
        key BLOB NOT NULL,
        bundle_rid TEXT NOT NULL,
        PRIMARY KEY (bundle, bundle_index)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bundle_key_order ON bundle_key (bundle_index, key, bundle_rid);
",
    // The runs of jobs; times are in microseconds since 1970.
    "
    CREATE TABLE job_run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        extension TEXT NOT NULL,
        job TEXT NOT NULL,
        due INTEGER,
        times INTEGER NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        outcome TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        reason TEXT,
        result TEXT,
        correlation TEXT NOT NULL
    ) STRICT;
    CREATE INDEX job_run_job ON job_run (extension, job, id);
    CREATE INDEX job_run_running ON job_run (id) WHERE outcome = 'running';
",
    // Revisions are active in roles, and have a history: all that were installed until now have served.
    "
    ALTER TABLE revision ADD COLUMN installed_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE revision ADD COLUMN publisher TEXT;
    ALTER TABLE revision ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE revision ADD COLUMN deprecated TEXT;
    ALTER TABLE revision ADD COLUMN served_at TEXT;
    UPDATE revision SET served_at = installed_at;

    ALTER TABLE active_revision RENAME TO active_revision_before;
    CREATE TABLE active_revision (
        extension TEXT NOT NULL,
        revision INTEGER NOT NULL,
        role TEXT NOT NULL,
        share INTEGER,
        PRIMARY KEY (extension, revision),
        FOREIGN KEY (extension, revision) REFERENCES revision (extension, revision)
    ) STRICT;
    INSERT INTO active_revision
        SELECT extension, revision, 'serving', NULL FROM active_revision_before;
    DROP TABLE active_revision_before;
    CREATE UNIQUE INDEX active_revision_role ON active_revision (extension, role)
        WHERE role <> 'beside';
",
];

/// The schema version of a file, from 0 for an empty one to what this program writes. Refuses
/// files that are something else, and changes none.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<usize> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let foreign = || StoreError::Foreign {
        path: path.display().to_string(),
    };
    // The first to read the file.
    let application =
        pragma("application_id").map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => foreign(),
            _ => error.into(),
        })?;
    let found = pragma("user_version")?;
    if application != APPLICATION_ID {
        let has_tables = connection
            .prepare("SELECT 1 FROM sqlite_schema")?
            .exists([])?;
        if application != 0 || found != 0 || has_tables {
            return Err(foreign());
        }
    }
    match usize::try_from(found) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        Ok(_) => Err(StoreError::Newer {
            path: path.display().to_string(),
            found,
            known: MIGRATIONS.len(),
        }),
        Err(error) => Err(StoreError::damaged("the schema version", error)),
    }
}

/// Brings the schema from a version up to date, whole or not at all.
pub(super) fn migrate(connection: &mut Connection, found: usize) -> Result<()> {
    migrate_to(connection, found, MIGRATIONS.len())
}

/// Makes the schema of the program before the one whose statements have a text in them.
#[cfg(test)]
pub(super) fn migrate_before(connection: &mut Connection, text: &str) -> Result<()> {
    let next = MIGRATIONS
        .iter()
        .position(|statements| statements.contains(text));
    migrate_to(connection, 0, next.unwrap_or_default())
}

fn migrate_to(connection: &mut Connection, found: usize, wanted: usize) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for statements in &MIGRATIONS[found..wanted] {
        transaction.execute_batch(statements)?;
    }
    transaction.pragma_update(None, "user_version", wanted as i64)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}
