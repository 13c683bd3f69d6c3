"""Predict: the endpoints that can be asked, and asking one."""

from typing import Any

from django.http import HttpRequest
from ninja import Form, Query, Router, Status

from accounts import access
from ops.messages import explain
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import ApiProblem, wrong_values
from portal.api.paging import OfWorkspace, page_of
from portal.api.schemas.common import Page
from portal.api.schemas.predict import (
    AskableDetail,
    AskableOut,
    PredictionOut,
    askable_detail,
    askable_out,
    prediction_out,
)
from portal.forms.predict import InputForm
from portal.queries import predict as queries
from scoring.errors import InputRefused
from scoring.services import predictions

router = Router(tags=["predict"])
INPUT_PARTS: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": "The picture, as a file; the part is named as the model's kind of input.",
                        },
                        "sample": {"type": "string", "description": "Instead of a file: the id of a sample."},
                        "deployment": {"type": "string", "description": "Goes around the traffic split."},
                    },
                },
                "example": {"sample": "s6f3q8ye4j"},
            }
        }
    },
}


@router.get("", response=Page[AskableOut], operation_id="predict_index", url_name="predict_index")
def index(request: HttpRequest, filters: Query[OfWorkspace]) -> Page[AskableOut]:
    """List the endpoints that can be asked, by name."""
    rows = access.visible(queries.list_askable(), caller(request))
    return page_of(
        request, rows, filters, askable_out, order=("name", "pk"), filters=queries.FILTERS, search=queries.SEARCHED
    )


@router.get("/{slug:endpoint_id}", response=AskableDetail, operation_id="predict_show", url_name="predict_show")
def show(request: HttpRequest, endpoint_id: str) -> AskableDetail:
    """Read one endpoint that can be asked, with samples to try and the latest answers."""
    endpoint = access.readable(queries.list_askable(), caller(request), public_id=endpoint_id)
    return askable_detail(endpoint, queries.list_samples(endpoint), list(queries.list_history(endpoint)))


@router.post(
    "/{slug:endpoint_id}",
    response={200: PredictionOut},
    operation_id="predict_send",
    url_name="predict_send",
    openapi_extra=idempotency.OPENAPI | INPUT_PARTS,
)
@idempotency.once_over_the_network
def send(
    request: HttpRequest,
    endpoint_id: str,
    sample: Form[str] = "",
    deployment: Form[str] = "",
) -> Status[PredictionOut]:
    """Send one input to the endpoint and get its answer. 424 says that the endpoint could not answer, and why."""
    endpoint = access.predictable(queries.list_askable(), caller(request), public_id=endpoint_id)
    form = InputForm(
        {**request.POST.dict(), "sample": sample, "deployment": deployment},
        request.FILES,
        kind=queries.kind_of(queries.version(endpoint, deployment)),
        samples=queries.list_samples(endpoint),
        deployments=[ready.name for ready in queries.ready(endpoint)],
    )
    if not form.is_valid():
        raise wrong_values(form)
    data, name = form.given()
    try:
        outcome = predictions.create(
            endpoint=endpoint, by=person(request), data=data, file_name=name, deployment=deployment
        )
    except InputRefused as error:
        raise ApiProblem(422, "api:wrong_values", {form.kind.FIELD: [str(explain(error))]}) from error
    return Status(200, prediction_out(outcome.prediction, endpoint.name))
