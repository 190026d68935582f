"""The feed: pages of one stream, or of one type, by the sequence in which events were published."""

from django.db import migrations, models

# What was published before has its type in its event.
FILL = """
UPDATE outbox SET type = events.type FROM events WHERE events.position = outbox.position AND sequence IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("eventsourcing", "0005_metrics")]

    operations = [
        migrations.AddField(
            model_name="outboxentry",
            name="type",
            field=models.CharField(help_text="The event's, stamped with the sequence.", max_length=100, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="outboxentry",
            index=models.Index(
                condition=models.Q(("sequence__isnull", False)), fields=["stream", "sequence"], name="outbox_stream"
            ),
        ),
        migrations.AddIndex(
            model_name="outboxentry",
            index=models.Index(
                condition=models.Q(("sequence__isnull", False)), fields=["type", "sequence"], name="outbox_type"
            ),
        ),
    ]
