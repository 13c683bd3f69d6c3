"""The declared tables of what a person reads: a text for each code, a label for each step. No logic.

``ops.messages`` fills them in; a test demands an entry for each code raised and each step of each flow.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ops.models import Operation
from ops.request_messages import REQUEST_TEXTS

Text = str | Promise
GENERIC = "ops:generic"
_PARAMETER: Text = _("Check this value")
_TRY: Text = _("Try again in a moment.")

# code: (title, sentence, next step); {names} are filled from the error's params.
TEXTS: dict[str, tuple[Text, Text, Text]] = {
    **REQUEST_TEXTS,
    GENERIC: (
        _("Something broke on our side"),
        _("The portal met an error it did not expect."),
        _("Retry; if it happens again, give the person who runs the portal this reference: {reference}"),
    ),
    "vault:unreadable": (
        _("Credential cannot be read"),
        _("The secret was encrypted with a key that this portal no longer has."),
        _("Enter the credential again, or restore the portal's vault keys."),
    ),
    "ops:lost_track": (
        _("Lost track"),
        _("The time limit passed and the portal could not learn how it ended in Azure."),
        _("Look at the thing in Azure ML, then retry."),
    ),
    "ops:too_slow": (
        _("It took too long"),
        _("One step took longer than its time limit, several times."),
        _("Check the network to Azure ML, then retry."),
    ),
    "ops:database_busy": (
        _("The portal's database was busy"),
        _("The portal could not write to its own database in time."),
        _("Retry; if it lasts, the person who runs the portal should look at its load."),
    ),
    "ops:target_gone": (
        _("No longer there"),
        _("What this operation was about has been removed from the portal in the meantime."),
        "",
    ),
    # What a waiting step waits for
    "phase:endpoint_starting": (_("Endpoint"), _("Azure is creating the endpoint."), ""),
    "phase:operation_in_progress": (
        _("Another operation"),
        _("Another operation is still under way on what this step needs."),
        "",
    ),
    "phase:endpoint_leaving": (_("Endpoint"), _("An older endpoint of this name is still being deleted."), ""),
    "phase:deployment_starting": (
        _("Deployment"),
        _("Azure is building the environment and starting the server; this can take 15 to 20 minutes."),
        "",
    ),
    "phase:deployment_leaving": (_("Deployment"), _("An older deployment of this name is still being deleted."), ""),
    "phase:taking_back": (_("Taking back"), _("What was begun in Azure is being removed again."), ""),
    "phase:traffic_moving": (_("Traffic"), _("Azure is moving the traffic."), ""),
    "phase:cancelling": (_("Cancelling"), _("Azure is ending the job."), ""),
    "phase:deleting": (_("Deleting"), _("Azure is deleting it."), ""),
    "phase:number_taken": (_("Version"), _("The version number was taken by somebody else; choosing the next."), ""),
    # Azure's answers, as translated by ops.azure.
    "azure:unreachable": (
        _("Azure ML does not answer"),
        _("The connection to Azure ML failed or timed out."),
        _("The portal keeps trying; check the network if it lasts."),
    ),
    "azure:throttled": (
        _("Azure ML asks us to slow down"),
        _("Too many requests were sent to Azure ML."),
        _("The portal tries again after the time Azure named."),
    ),
    "azure:denied": (
        _("Azure ML refused the credential"),
        _("The credential may not do this in the workspace."),
        _("Check its role assignments on the workspace and that its secret has not expired."),
    ),
    "azure:not_found": (
        _("Not found in Azure ML"),
        _("Azure ML does not know this subscription, resource group, workspace or thing."),
        _("Check the names; they are shown on the workspace's overview page in Azure."),
    ),
    "azure:conflict": (
        _("Azure ML is busy with it"),
        _("Another change to the same thing is under way in Azure."),
        _("The portal tries again; if it lasts, look who else works on it."),
    ),
    "azure:rejected": (
        _("Azure ML rejected the request"),
        _("Azure ML found something wrong with what was asked."),
        _("Read Azure's own words below, change the value and try again."),
    ),
    "azure:failed": (
        _("It failed in Azure ML"),
        _("Azure ML accepted the request but could not carry it out."),
        _("Read Azure's own words and the log, then retry."),
    ),
    # Operations
    "operation:busy": (
        _("Busy"),
        _("{who} is already busy here: {what}."),
        _("Wait until it has finished, or cancel it on the Operations page."),
    ),
    "operation:already_over": (_("Already over"), _("This operation has already finished."), ""),
    "operation:nothing_to_retry": (
        _("Nothing to retry"),
        _("Only an operation that did not succeed can be retried."),
        "",
    ),
    "operation:cancel_requested": (_("Cancel requested"), _("Somebody asked to stop this operation."), ""),
    # Credentials and workspaces
    "credential:missing": (_PARAMETER, _("This credential needs a tenant id, a client id and a secret."), ""),
    "credential:name_taken": (_PARAMETER, _("The team already has a credential called {name}."), ""),
    "credential:host_identity_not_allowed": (
        _("Not allowed for this team"),
        _("The identity of the machine that the portal runs on may be used only by teams that a site admin chose."),
        _("Ask a site admin to allow it on the team's page, or use a service principal of your own."),
    ),
    "workspace:bad_subscription_id": (
        _PARAMETER,
        _("A subscription id looks like 11111111-2222-3333-4444-555555555555."),
        "",
    ),
    "workspace:bad_resource_group": (
        _PARAMETER,
        _("A resource group has 1 to 90 letters, digits, dashes, underscores, dots or brackets."),
        "",
    ),
    "workspace:bad_name": (
        _PARAMETER,
        _("A workspace name has 3 to 33 letters, digits, dashes or underscores and starts with a letter or digit."),
        "",
    ),
    "workspace:cloud_off": (
        _PARAMETER,
        _("No worker of this portal speaks to {cloud}."),
        _("Ask the person who runs the portal to add it to PORTAL_CLOUDS."),
    ),
    "workspace:wrong_credential": (
        _PARAMETER,
        _("The local Azure ML is used with the local credential, Azure with one of its own kinds."),
        "",
    ),
    "workspace:registered_here": (_PARAMETER, _("Your team has registered the workspace {name} already."), ""),
    "workspace:taken": (
        _("Registered by another team"),
        _("The workspace {name} was reached, but another team of this portal has registered it."),
        _("Ask the person who runs the portal which team it is, and let them add you there."),
    ),
    "workspace:unregistered": (
        _("The workspace is no longer registered"),
        _("{name} was unregistered in the meantime: nothing new is begun in it."),
        _("Register it again to go on."),
    ),
    "workspace:not_found": (
        _("Workspace not found"),
        _("Azure ML knows no workspace {name} in the resource group {group} of the subscription {subscription}."),
        _("Compare the three names with the workspace's overview page in Azure, then correct the registration."),
    ),
    "workspace:denied": (
        _("Access denied"),
        _("The credential may not read this workspace."),
        _("Check its role assignments and that its secret has not expired, then test the connection."),
    ),
    "workspace:not_checked": (
        _("Not checked"),
        _("The look-up was cancelled before the workspace could be read."),
        _("Test the connection when you are ready."),
    ),
    "workspace:has_open_operation": (
        _("Busy"),
        _("{who} still has something under way in this workspace: {what}."),
        _("Wait until it has finished, or cancel it on the Operations page."),
    ),
    # Recipes and runs
    "recipe:unknown": (_("No such recipe"), _("There is no recipe called {name}."), _("Choose one from the list.")),
    "recipe:missing": (_PARAMETER, _("{label} is needed."), ""),
    "recipe:wrong_type": (_PARAMETER, _("{label} must be of this kind: {kind}."), ""),
    "recipe:not_a_choice": (_PARAMETER, _("{label} must be one of the choices."), ""),
    "recipe:out_of_range": (_PARAMETER, _("{label} must be between {minimum} and {maximum}."), ""),
    "run:unknown_compute": (_PARAMETER, _("The workspace has no compute called {compute}."), ""),
    "run:inputs_too_large": (_PARAMETER, _("The files are larger than {limit_size} together."), ""),
    "run:already_over": (_("Already over"), _("The job has already finished."), ""),
    "run:still_running": (_("Still running"), _("Wait until the job has finished, or cancel it first."), ""),
    "run:failed": (
        _("The job failed"),
        _("The training script ended with an error."),
        _("The end of its log says why."),
    ),
    "run:name_taken": (
        _("Name taken"),
        _("A job called {name} exists in the workspace and was not made by this portal."),
        _("Queue it again: it gets another name."),
    ),
    "run:made_outside": (
        _("Made outside the portal"),
        _("{name} was not queued here: the portal does not know what it ran, and can neither repeat nor register it."),
        _("Queue a job of your own, or use Azure ML studio."),
    ),
    "run:code_gone": (
        _("The code is no longer here"),
        _("The portal no longer has the code that this job was queued with."),
        _("Queue the job again from its recipe."),
    ),
    "run:vanished": (
        _("Gone"),
        _("The job is no longer in the workspace."),
        _("Somebody deleted it there; queue it again if you need it."),
    ),
    # Model versions
    "version:no_files": (
        _("No model"),
        _("The job left nothing in its folder {path}."),
        _("Check in the job's log that the script writes its model there."),
    ),
    "version:bad_spec": (
        _("Unreadable model.json"),
        _("The file {file} of the job cannot be read: {message}"),
        _("Correct what the training script writes and run it again."),
    ),
    "version:no_number": (
        _("No version number"),
        _("Azure ML did not accept {number} as the next version of {name}."),
        _("Retry; if it lasts, look at the model's versions in Azure ML."),
    ),
    "version:run_not_completed": (
        _("Not finished"),
        _("A model version can be registered once the job is Completed."),
        "",
    ),
    "version:recipe_makes_none": (_("No model"), _("The recipe {recipe} does not produce a model."), ""),
    "version:bad_name": (
        _PARAMETER,
        _("A model name has letters, digits, dashes or underscores and starts with a letter or digit."),
        "",
    ),
    # Endpoints and deployments
    "endpoint:bad_name": (
        _PARAMETER,
        _("An endpoint name starts with a letter and has 3 to 32 letters, digits and single dashes."),
        "",
    ),
    "endpoint:not_ours": (
        _("Name taken"),
        _("The endpoint {name} was not made by this portal, so it is not changed here."),
        _("Choose another endpoint name."),
    ),
    "endpoint:name_taken": (
        _("Name taken"),
        _("An endpoint called {name} exists already and belongs to somebody else."),
        _("Choose another endpoint name."),
    ),
    "endpoint:typed_name_differs": (_PARAMETER, _("Type {name} to confirm."), ""),
    "deployment:bad_name": (
        _PARAMETER,
        _("A deployment name starts with a letter and has 3 to 32 letters, digits and single dashes."),
        "",
    ),
    "deployment:name_taken": (_PARAMETER, _("The endpoint already has a deployment called {name}."), ""),
    "deployment:failed": (
        _("The deployment failed"),
        _("Azure ML could not start the server: {message}"),
        _("The server's log is kept below; correct the cause and deploy again."),
    ),
    "deployment:version_gone": (
        _("Version gone"),
        _("The model version of this deployment is no longer registered."),
        _("Deploy another version."),
    ),
    "endpoint:failed": (
        _("The endpoint failed"),
        _("Azure ML could not create the endpoint {name}."),
        _("Delete it and try again."),
    ),
    "deployment:no_instance_type": (_PARAMETER, _("Choose an instance type."), ""),
    "deployment:bad_count": (_PARAMETER, _("Choose between 1 and {most} instances."), ""),
    "deployment:bad_timeout": (_PARAMETER, _("The time-out lies between 1 and {most} milliseconds."), ""),
    "deployment:too_many": (_("Full"), _("An endpoint takes at most {most} deployments."), _("Delete one first.")),
    "deployment:version_not_ready": (_("Not ready"), _("This model version is not ready yet."), _TRY),
    "deployment:has_traffic": (
        _("It serves traffic"),
        # No letter after the sign: "% o" would pass for a placeholder of Python.
        _("This deployment's share of the requests is {percent} %."),
        _("Send the traffic to another deployment first."),
    ),
    "traffic:not_ready": (_PARAMETER, _("{name} is not ready to take requests."), ""),
    "traffic:out_of_range": (_PARAMETER, _("The share of {name} must be between 0 and 100."), ""),
    "traffic:differs": (
        _("Traffic differs"),
        _("Azure ML now sends {found} instead of {asked}: somebody else changed it at the same time."),
        _("Look at the shares and set them again."),
    ),
    # Predict: what scoring.errors and scoring.services raise. Each module in scoring.kinds has the texts of its own.
    "predict:endpoint_not_ready": (_("Not ready"), _("The endpoint {name} is not ready to answer yet."), _TRY),
    "predict:key_missing": (_("Key on its way"), _("The portal is fetching the key of {name} from Azure ML."), _TRY),
    "predict:no_deployment": (
        _("Nothing to ask"),
        _("{name} has no deployment that is ready."),
        _("Deploy a model version first."),
    ),
    "predict:no_spec": (
        _("Unknown input"),
        _("The model behind {name} does not say which images it takes: it has no model.json."),
        _("Register a version that carries one."),
    ),
    "scoring:spec_unreadable": (
        _("Unknown input"),
        _("The model.json of this version cannot be used: {reason}"),
        _("Register a version with a correct one."),
    ),
    "scoring:format_unknown": (_("Unknown input"), _("This portal does not know the request format {format}."), ""),
    "scoring:kind_unknown": (_("Unknown input"), _("This portal does not know the kind of prediction {kind}."), ""),
    "scoring:busy": (
        _("Busy"),
        _("Many people wait for endpoints right now; your image was not sent."),
        _("Try again in a few seconds."),
    ),
    "scoring:slow": (
        _("No answer in time"),
        _("The endpoint did not answer within {seconds} seconds."),
        _("Try again; if it lasts, look at the deployment's log."),
    ),
    "scoring:unreachable": (
        _("Endpoint not reachable"),
        _("No connection to the endpoint could be made ({reason})."),
        _("Check that the endpoint still exists and is running."),
    ),
    "scoring:key_refused": (
        _("Key refused"),
        _("The endpoint did not accept the key; the portal is fetching a new one."),
        _TRY,
    ),
    "scoring:no_deployment": (
        _("Nobody answers"),
        _("No deployment of this endpoint takes requests."),
        _("Send traffic to a deployment on the endpoint's page."),
    ),
    "scoring:too_slow": (
        _("The model was too slow"),
        _("The deployment gave up after its own time limit."),
        _("Deploy it with a longer time-out or a larger instance."),
    ),
    "scoring:model_error": (
        _("The scoring script failed"),
        _("The deployment's script answered with an error ({model_status}): {message}"),
        _("Its traceback is in the deployment's log."),
    ),
    "scoring:throttled": (
        _("The endpoint is busy"),
        _("The endpoint takes no more requests at the moment."),
        _("Try again in a few seconds, or give the deployment more instances."),
    ),
    "scoring:answer_unreadable": (
        _("Unreadable answer"),
        _("The endpoint answered something this portal cannot read: {reason}"),
        _("Check which scoring script the deployment runs."),
    ),
    "scoring:server_error": (
        _("The endpoint failed"),
        _("The endpoint answered with the status {status}."),
        _("Try again; if it lasts, look at the deployment's log."),
    ),
    # People and teams, raised by ops.services.people.
    "team:already_member": (
        _("Already in the team"),
        _("{who} is in this team already."),
        _("Change the role in the list instead."),
    ),
    "team:last_owner": (
        _("A team needs an owner"),
        _("This is the last owner of {team}."),
        _("Make somebody else an owner first."),
    ),
    "traffic:not_whole": (_PARAMETER, _("The shares must sum to 100, they sum to {total}."), ""),
}

# The steps of each kind of operation in their order, as a person reads them.
_LOOK_UP: dict[str, Text] = {
    "read_workspace": _("Find the workspace"),
    "read_computes": _("Read its computes"),
}
_FETCH_KEY: dict[str, Text] = {"fetch_key": _("Fetch the scoring key")}
STEPS: dict[str, dict[str, Text]] = {
    Operation.Kind.REGISTER_WORKSPACE: _LOOK_UP,
    Operation.Kind.TEST_CONNECTION: _LOOK_UP,
    Operation.Kind.SUBMIT_RUN: {
        "upload_code": _("Upload the recipe's code"),
        "ensure_environment": _("Register its environment"),
        "upload_inputs": _("Upload its input files"),
        "create_job": _("Hand the job to Azure ML"),
    },
    Operation.Kind.CANCEL_RUN: {
        "request_cancel": _("Ask Azure ML to cancel"),
        "await_cancel": _("Wait until it has ended"),
    },
    Operation.Kind.REGISTER_VERSION: {
        "read_metrics": _("Read the job's metrics"),
        "fetch_spec": _("Read its model.json"),
        "create_version": _("Register the version"),
        "fetch_samples": _("Keep its sample images"),
        "fetch_files": _("Keep its files for download"),
    },
    Operation.Kind.DEPLOY: {
        "ensure_endpoint": _("Create the endpoint"),
        "await_endpoint": _("Wait for the endpoint"),
        "upload_scoring_code": _("Upload the scoring script"),
        "ensure_scoring_environment": _("Register its environment"),
        "create_deployment": _("Create the deployment"),
        "await_deployment": _("Wait for the server"),
        "send_first_traffic": _("Send the first traffic"),
        "await_traffic": _("Wait for the traffic"),
    }
    | _FETCH_KEY,
    Operation.Kind.SHIFT_TRAFFIC: {
        "set_traffic": _("Set the shares"),
        "await_traffic": _("Wait for the traffic"),
    },
    Operation.Kind.RENEW_KEY: _FETCH_KEY,
    Operation.Kind.DELETE_DEPLOYMENT: {
        "drop_traffic": _("Take its traffic away"),
        "await_no_traffic": _("Wait for the traffic"),
        "delete_deployment": _("Delete the deployment"),
        "await_deployment_gone": _("Wait until it is gone"),
    },
    Operation.Kind.DELETE_ENDPOINT: {
        "delete_endpoint": _("Delete the endpoint"),
        "await_endpoint_gone": _("Wait until it is gone"),
    },
}
