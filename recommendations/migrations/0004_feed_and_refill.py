"""The feed: pages of one stream, or of one type, of the log; when which piece of it came into the graph.
And how far a lost log was filled anew from Kafka."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0002_rules")]

    operations = [
        migrations.CreateModel(
            name="Projected",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("topic", models.CharField(db_collation="C", max_length=249)),
                ("partition", models.IntegerField()),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "projected",
                "db_table": "projected",
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "partition", "last"), name="projected_last")
                ],
            },
        ),
        migrations.CreateModel(
            name="Refill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("topic", models.CharField(max_length=249)),
                ("partition", models.IntegerField()),
                ("topic_id", models.UUIDField(help_text="Which making of the topic the offsets are of.")),
                ("next_offset", models.BigIntegerField(default=0)),
                ("until", models.BigIntegerField()),
            ],
            options={
                "db_table": "refill",
                "constraints": [models.UniqueConstraint(fields=("topic", "partition"), name="refill_place")],
            },
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["stream", "topic", "partition", "position"], name="log_feed_stream"),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["event_type", "topic", "partition", "position"], name="log_feed_type"),
        ),
    ]
