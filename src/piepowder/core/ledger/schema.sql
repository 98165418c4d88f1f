-- The ledger: one row per `Record` of model.py, partitioned by UTC day. Run once, by the migration of the room `records` or by a test.
--
-- Append-only: UPDATE, DELETE and TRUNCATE are refused by triggers on the parent and on every partition. Retention detaches and
-- drops whole days, as the table's owner; it never edits one.

CREATE TABLE ledger_record (
    id             text        COLLATE "C" NOT NULL,
    kind           text        COLLATE "C" NOT NULL,
    recorded_at    timestamptz NOT NULL,
    request        text        COLLATE "C" NOT NULL DEFAULT '',
    app            text        COLLATE "C" NOT NULL DEFAULT '',
    developer      text        COLLATE "C" NOT NULL DEFAULT '',
    seller         text        COLLATE "C" NOT NULL DEFAULT '',
    "grant"        text        COLLATE "C" NOT NULL DEFAULT '',
    operation      text        COLLATE "C" NOT NULL DEFAULT '',
    purpose        text        COLLATE "C" NOT NULL DEFAULT '',
    mode           text        COLLATE "C" NOT NULL DEFAULT '',
    policy_version text        COLLATE "C" NOT NULL DEFAULT '',
    outcome        text        COLLATE "C" NOT NULL DEFAULT '',
    reason         text        COLLATE "C" NOT NULL DEFAULT '',
    status         integer     NOT NULL DEFAULT 0,
    personal       boolean     NOT NULL DEFAULT false,
    orders         bytea[]     NOT NULL DEFAULT '{}',
    subjects       bytea[]     NOT NULL DEFAULT '{}',
    bytes_in       bigint      NOT NULL DEFAULT 0,
    bytes_out      bigint      NOT NULL DEFAULT 0,
    detail         json        NOT NULL DEFAULT '{}', -- not jsonb, which refuses the escape of NUL that hostile input contains
    -- The transaction that appended the row. A follower that reads only what is older than the oldest transaction under way
    -- misses nothing and sees nothing twice; neither ids nor times could promise that, for commits overtake each other.
    appended_in    xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE INDEX ledger_record_time ON ledger_record (recorded_at);
CREATE INDEX ledger_record_app ON ledger_record (app, recorded_at) WHERE app <> '';
CREATE INDEX ledger_record_seller ON ledger_record (seller, recorded_at) WHERE seller <> '';
CREATE INDEX ledger_record_appended ON ledger_record (appended_in);
CREATE INDEX ledger_record_request ON ledger_record (request) WHERE request <> '';

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Row triggers are inherited by partitions, a TRUNCATE trigger is not: each partition gets its own when it is made.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_record
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_record
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- Where no partition has been made for a day, its rows land here, so that an insert never fails for want of one.
CREATE TABLE ledger_record_default PARTITION OF ledger_record DEFAULT;
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_record_default
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- Makes the partitions of `days` days from `first` on that do not exist yet; returns how many it made. Safe to call from several
-- workers at once. A day that already has rows in the default partition stays there: moving them would be a DELETE.
CREATE FUNCTION ledger_ensure_partitions(first date, days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger_ensure_partitions'));
    FOR offset_days IN 0 .. days - 1 LOOP
        day := first + offset_days;
        name := 'ledger_record_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        BEGIN
            -- ATTACH locks the parent less than CREATE TABLE ... PARTITION OF does: appends go on meanwhile.
            EXECUTE format('CREATE TABLE %I (LIKE ledger_record INCLUDING DEFAULTS)', name);
            EXECUTE format('ALTER TABLE ledger_record ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                           day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            EXECUTE format('CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON %I '
                           'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
            made := made + 1;
        EXCEPTION WHEN check_violation THEN
            RAISE WARNING 'ledger day % already has rows in the default partition and stays there', day;
        END;
    END LOOP;
    RETURN made;
END
$$;
