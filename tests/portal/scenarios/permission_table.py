"""The permission matrix: what each person gets from each page, for GET and for POST. No test in here.

The people are named in ``PEOPLE``. Viewer, operator and owner are of the team whose rows are asked for; the admin is a
site admin without a team; the neighbour owns another team; the stranger is signed in and in no team.

One word says what comes back, the same for a page, for an htmx fragment and for JSON:

sign-in   sent to sign-in, or told 401
page      200, and nothing was changed
made      200, and something was changed
done      sent on, and something was changed
moved     sent on, and nothing was changed (a session or a cookie at most)
403, …    that status, and nothing was changed

Words in brackets tell two rows of one route apart: they ask for other rows or send other data (``permission_world``).
"""

import re
from dataclasses import dataclass

PEOPLE = ("anonymous", "stranger", "admin", "neighbour", "viewer", "operator", "owner")
MEMBERS = ("viewer", "operator", "owner")

# No worker runs beside the tests, so /healthz says 503. The set-up link was issued before the first person existed.
TABLE = """
                                               anonymous  stranger  admin  neighbour  viewer  operator  owner
home:index                               GET   sign-in    page      page   page       page    page      page
home:index                               POST  sign-in    405       405    405        405     405       405
home:health                              GET   503        503       503    503        503     503       503
home:health                              POST  405        405       405    405        405     405       405

accounts:sign_in                         GET   page       moved     moved  moved      moved   moved     moved
accounts:sign_in                         POST  done       moved     moved  moved      moved   moved     moved
accounts:sign_out                        GET   sign-in    moved     moved  moved      moved   moved     moved
accounts:sign_out                        POST  sign-in    moved     moved  moved      moved   moved     moved
accounts:password                        GET   sign-in    page      page   page       page    page      page
accounts:password                        POST  sign-in    done      done   done       done    done      done
accounts:setup                           GET   404        404       404    404        404     404       404
accounts:setup                           POST  404        404       404    404        404     404       404
accounts:language                        GET   moved      moved     moved  moved      moved   moved     moved
accounts:language                        POST  moved      moved     moved  moved      moved   moved     moved

teams:index                              GET   sign-in    page      page   page       page    page      page
teams:index                              POST  sign-in    405       405    405        405     405       405
teams:create                             GET   sign-in    403       page   403        403     403       403
teams:create                             POST  sign-in    403       done   403        403     403       403
teams:members                            GET   sign-in    404       404    404        page    page      page
teams:members                            POST  sign-in    405       405    405        405     405       405
teams:add_member                         GET   sign-in    moved     moved  moved      moved   moved     moved
teams:add_member                         POST  sign-in    404       404    404        403     403       done
teams:add_member (new account)           GET   sign-in    moved     moved  moved      moved   moved     moved
teams:add_member (new account)           POST  sign-in    404       404    404        403     403       made
teams:change_role                        GET   sign-in    moved     moved  moved      moved   moved     moved
teams:change_role                        POST  sign-in    404       404    404        403     403       done
teams:change_role (one's own)            GET   sign-in    moved     moved  moved      moved   moved     moved
teams:change_role (one's own)            POST  sign-in    404       404    404        403     403       done
teams:change_role (not a member)         GET   sign-in    moved     moved  moved      moved   moved     moved
teams:change_role (not a member)         POST  sign-in    404       404    404        403     403       404
teams:host_identity                      GET   sign-in    moved     moved  moved      moved   moved     moved
teams:host_identity                      POST  sign-in    404       404    404        403     403       403
teams:end_pause                          GET   sign-in    moved     moved  moved      moved   moved     moved
teams:end_pause                          POST  sign-in    404       404    404        403     403       done
teams:remove_member                      GET   sign-in    moved     moved  moved      moved   moved     moved
teams:remove_member                      POST  sign-in    404       404    404        403     403       done
teams:remove_member (oneself)            GET   sign-in    moved     moved  moved      moved   moved     moved
teams:remove_member (oneself)            POST  sign-in    404       404    404        done    done      done
teams:remove_member (not a member)       GET   sign-in    moved     moved  moved      moved   moved     moved
teams:remove_member (not a member)       POST  sign-in    404       404    404        404     404       404

workspaces:index                         GET   sign-in    page      page   page       page    page      page
workspaces:index                         POST  sign-in    405       405    405        405     405       405
workspaces:register                      GET   sign-in    403       403    page       403     page      page
workspaces:register                      POST  sign-in    403       403    422        403     done      done
workspaces:register (others' credential) GET   sign-in    403       403    page       403     page      page
workspaces:register (others' credential) POST  sign-in    403       403    422        403     422       422
workspaces:detail                        GET   sign-in    404       404    404        page    page      page
workspaces:detail                        POST  sign-in    405       405    405        405     405       405
workspaces:test                          GET   sign-in    moved     moved  moved      moved   moved     moved
workspaces:test                          POST  sign-in    404       404    404        403     done      done
workspaces:unregister                    GET   sign-in    moved     moved  moved      moved   moved     moved
workspaces:unregister                    POST  sign-in    404       404    404        403     done      done

jobs:index                               GET   sign-in    page      page   page       page    page      page
jobs:index                               POST  sign-in    405       405    405        405     405       405
jobs:create                              GET   sign-in    403       403    page       403     page      page
jobs:create                              POST  sign-in    405       405    405        405     405       405
jobs:queue                               GET   sign-in    403       403    page       403     page      page
jobs:queue                               POST  sign-in    403       403    422        403     done      done
jobs:detail                              GET   sign-in    404       404    404        page    page      page
jobs:detail                              POST  sign-in    405       405    405        405     405       405
jobs:cancel                              GET   sign-in    moved     moved  moved      moved   moved     moved
jobs:cancel                              POST  sign-in    404       404    404        403     done      done
jobs:retry                               GET   sign-in    moved     moved  moved      moved   moved     moved
jobs:retry                               POST  sign-in    404       404    404        403     done      done
jobs:log_file                            GET   sign-in    404       404    404        page    page      page
jobs:log_file                            POST  sign-in    405       405    405        405     405       405

models:index                             GET   sign-in    page      page   page       page    page      page
models:index                             POST  sign-in    405       405    405        405     405       405
models:version                           GET   sign-in    404       404    404        page    page      page
models:version                           POST  sign-in    405       405    405        405     405       405
models:file                              GET   sign-in    404       404    404        page    page      page
models:file                              POST  sign-in    405       405    405        405     405       405
models:sample                            GET   sign-in    404       404    404        page    page      page
models:sample                            POST  sign-in    405       405    405        405     405       405
models:register                          GET   sign-in    404       404    404        403     page      page
models:register                          POST  sign-in    404       404    404        403     done      done
models:detail                            GET   sign-in    404       404    404        page    page      page
models:detail                            POST  sign-in    405       405    405        405     405       405

endpoints:index                          GET   sign-in    page      page   page       page    page      page
endpoints:index                          POST  sign-in    405       405    405        405     405       405
endpoints:deploy                         GET   sign-in    403       403    page       403     page      page
endpoints:deploy                         POST  sign-in    403       403    422        403     done      done
endpoints:deploy (others' endpoint)      GET   sign-in    403       403    page       403     page      page
endpoints:deploy (others' endpoint)      POST  sign-in    403       403    422        403     422       422
endpoints:detail                         GET   sign-in    404       404    404        page    page      page
endpoints:detail                         POST  sign-in    405       405    405        405     405       405
endpoints:traffic                        GET   sign-in    moved     moved  moved      moved   moved     moved
endpoints:traffic                        POST  sign-in    404       404    404        403     done      done
endpoints:delete                         GET   sign-in    404       404    404        403     page      page
endpoints:delete                         POST  sign-in    404       404    404        403     done      done
endpoints:delete_deployment              GET   sign-in    moved     moved  moved      moved   moved     moved
endpoints:delete_deployment              POST  sign-in    404       404    404        403     done      done
endpoints:delete_deployment (mismatched) GET   sign-in    moved     moved  moved      moved   moved     moved
endpoints:delete_deployment (mismatched) POST  sign-in    404       404    404        404     404       404

predict:index                            GET   sign-in    page      page   page       page    page      page
predict:index                            POST  sign-in    405       405    405        405     405       405
predict:show                             GET   sign-in    404       404    404        page    page      page
predict:show                             POST  sign-in    405       405    405        405     405       405
predict:send                             GET   sign-in    moved     moved  moved      moved   moved     moved
predict:send                             POST  sign-in    404       404    404        made    made      made
predict:send (others' sample)            GET   sign-in    moved     moved  moved      moved   moved     moved
predict:send (others' sample)            POST  sign-in    404       404    422        422     422       422

operations:index                         GET   sign-in    page      page   page       page    page      page
operations:index                         POST  sign-in    405       405    405        405     405       405
operations:detail                        GET   sign-in    404       404    404        page    page      page
operations:detail                        POST  sign-in    405       405    405        405     405       405
operations:progress                      GET   sign-in    404       404    404        page    page      page
operations:progress                      POST  sign-in    405       405    405        405     405       405
operations:cancel                        GET   sign-in    moved     moved  moved      moved   moved     moved
operations:cancel                        POST  sign-in    404       404    404        403     done      done
operations:retry                         GET   sign-in    moved     moved  moved      moved   moved     moved
operations:retry                         POST  sign-in    404       404    404        403     done      done

tokens:index                             GET   sign-in    page      page   page       page    page      page
tokens:index                             POST  sign-in    405       405    405        405     405       405
tokens:create                            GET   sign-in    moved     moved  moved      moved   moved     moved
tokens:create                            POST  sign-in    made      made   made       made    made      made
tokens:create (others' team)             GET   sign-in    moved     moved  moved      moved   moved     moved
tokens:create (others' team)             POST  sign-in    422       422    422        422     422       422
tokens:revoke                            GET   sign-in    moved     moved  moved      moved   moved     moved
tokens:revoke                            POST  sign-in    done      done   done       done    done      done
tokens:revoke (another's)                GET   sign-in    moved     moved  moved      moved   moved     moved
tokens:revoke (another's)                POST  sign-in    404       404    404        404     404       404

api_docs                                 GET   sign-in    page      page   page       page    page      page
api_docs                                 POST  sign-in    405       405    405        405     405       405
api_unknown                              GET   404        404       404    404        404     404       404
api_unknown                              POST  404        404       404    404        404     404       404
"""
LINE = re.compile(r"(?P<name>(?P<route>[a-z_]+(?::[a-z_]+)?)(?: \(.+\))?)\s+(?P<method>GET|POST)\s+(?P<words>.+)")


@dataclass(frozen=True)
class Row:
    """One line of the table: a route, a method, and the word that each person gets."""

    name: str
    route: str
    method: str
    words: dict[str, str]


def rows() -> list[Row]:
    """The lines of the table. Raises ValueError for a line that is not one word per person."""
    heading, *lines = [line for line in TABLE.splitlines() if line.strip()]
    if tuple(heading.split()) != PEOPLE:
        raise ValueError(heading)
    return [_row(line) for line in lines]


def _row(line: str) -> Row:
    found = LINE.fullmatch(line.rstrip())
    if found is None:
        raise ValueError(line)
    words = dict(zip(PEOPLE, found["words"].split(), strict=True))
    return Row(found["name"], found["route"], found["method"], words)
