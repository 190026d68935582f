from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0002_pulse"),
    ]

    operations = [
        migrations.AddField(
            model_name="change",
            name="evicted",
            field=models.BooleanField(
                db_default=False, default=False, help_text="It did not leave: its lease had just run out."
            ),
        ),
        migrations.AddField(
            model_name="pulse",
            name="preserving_since",
            field=models.DateTimeField(help_text="Since when nobody is evicted; none: not so.", null=True),
        ),
    ]
