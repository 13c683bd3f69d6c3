"""Home reads no row to see that it has failed, or that it is still there: the index says so."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_host_identity"),
        ("ops", "0004_indexes_for_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="operation",
            name="operations_of_workspace_newest",
        ),
        migrations.RemoveIndex(
            model_name="run",
            name="runs_of_workspace_by_status",
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                fields=["workspace", "-created_at", "-id", "state"], name="operations_of_workspace_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["workspace", "status", "-created_at", "-id", "gone_at"], name="runs_of_workspace_by_status"
            ),
        ),
    ]
