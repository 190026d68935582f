"""What the database itself refuses: to change or to take away what happened."""

from django.db import migrations

# TRUNCATE is how a test's database is emptied between two tests: it may, where it says so for the whole database.
REFUSE = """
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('eventsourcing.allow_truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: what happened is appended once and never changed.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""
UNDO = "DROP TRIGGER refuse_rewriting ON events; DROP FUNCTION refuse_rewriting();"


class Migration(migrations.Migration):
    dependencies = [("eventsourcing", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
