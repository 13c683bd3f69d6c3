"""Home: the key figures."""

from ninja import Schema

from portal.api.schemas.common import described


class HomeOut(Schema):
    """Counts over the workspaces of your teams, or over one of them."""

    jobs: int = described("Jobs that Azure still has.", 120)
    running: int = described("Jobs that have not ended.", 2)
    failed: int = described("Jobs of the last week that failed.", 1)
    completed: int = described("Jobs that completed.", 100)
    versions: int = described("Model versions that are ready.", 14)
    models: int = described("Registered models.", 3)
    endpoints: int = described("Endpoints.", 2)
    live: int = described("Endpoints that answer.", 2)
    predictions: int = described("Predictions that were answered.", 3200)
    today: int = described("Predictions of the last 24 hours.", 41)
    next_step: str = described("What a new team does next: workspace, job, version, deploy, predict or empty.", "job")
