"""Ids come from a sequence of their own: emptying and rebuilding the table of users must not begin it anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [migrations.RunSQL("CREATE SEQUENCE user_id AS bigint", "DROP SEQUENCE user_id")]
