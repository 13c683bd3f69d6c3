"""One index for each order that pages are read in, by workspace or team; partial ones for what is open or still there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0003_columns_for_lists"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="deployment",
            index=models.Index(
                condition=models.Q(("gone_at", None), ("traffic__gt", 0)),
                fields=["endpoint"],
                name="deployments_with_traffic",
            ),
        ),
        migrations.AddIndex(
            model_name="endpoint",
            index=models.Index(
                condition=models.Q(("gone_at", None)),
                fields=["workspace", "-created_at", "-id"],
                name="endpoints_of_workspace_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="modelversion",
            index=models.Index(
                condition=models.Q(("gone_at", None)), fields=["registered_model", "-id"], name="versions_that_exist"
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["team", "-created_at", "-id"], name="operations_of_team_newest"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["workspace", "-created_at", "-id"], name="operations_of_workspace_newest"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["workspace", "state", "-created_at", "-id"], name="operations_of_state_newest"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["workspace", "-created_at", "-id"],
                name="open_operations_of_workspace",
            ),
        ),
        migrations.AddIndex(
            model_name="registeredmodel",
            index=models.Index(fields=["workspace", "-newest_at", "-id"], name="models_of_workspace_newest"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["workspace", "purpose", "-created_at", "-id", "searched"], name="runs_of_workspace_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["workspace", "status", "-created_at", "-id"], name="runs_of_workspace_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("is_final", False)),
                fields=["workspace", "-created_at", "-id"],
                name="open_runs_of_workspace",
            ),
        ),
    ]
