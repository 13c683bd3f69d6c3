"""The time of a model's newest version and the text that a search looks through, kept with the rows that are listed."""

import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill_newest_at(apps, schema_editor):
    """The newest version's time; a model without versions keeps its own."""
    models_of = apps.get_model("ops", "RegisteredModel")
    versions = apps.get_model("ops", "ModelVersion")
    newest = versions.objects.filter(registered_model=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    models_of.objects.update(newest_at=Coalesce(Subquery(newest), F("created_at")))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_api_tokens"),
        ("ops", "0002_reached_workspaces"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="registeredmodel",
            name="newest_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RunPython(fill_newest_at, migrations.RunPython.noop),
        migrations.AddField(
            model_name="run",
            name="searched",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Left(
                    django.db.models.functions.text.Lower(
                        django.db.models.functions.text.Concat(
                            "name", models.Value("\n"), "display_name", models.Value("\n"), "experiment"
                        )
                    ),
                    600,
                ),
                output_field=models.CharField(max_length=600),
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("succeeded", "Succeeded"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("lost_track", "Lost track"),
                ],
                default="queued",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="is_final",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="run",
            name="purpose",
            field=models.CharField(
                choices=[("training", "Training"), ("evaluation", "Evaluation"), ("build", "Environment build")],
                default="training",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="status",
            field=models.CharField(default="Submitting", max_length=40),
        ),
    ]
