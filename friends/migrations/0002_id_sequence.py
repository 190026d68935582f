"""Ids come from a sequence of their own: emptying and rebuilding the table must not begin it anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("friends", "0001_initial")]
    operations = [migrations.RunSQL("CREATE SEQUENCE friendship_id AS bigint", "DROP SEQUENCE friendship_id")]
