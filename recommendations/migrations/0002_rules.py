"""What the database itself refuses: to change or to take away what was received. Personal data may be erased."""

from django.db import migrations

REFUSE = """
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""
UNDO = "DROP TRIGGER refuse_rewriting ON log"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0001_initial"), ("eventsourcing", "0002_rules")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
