"""The permission matrix of the API: what each route answers to each person by session and by token. No test in here.

A line without numbers begins a noun. People are as in ``permission_table``, by their first three letters; anonymous
people get 401 everywhere. Each of the three members has five tokens: four of all their teams, with the scopes read,
predict, write and manage, and one for everything in another team of theirs, where they have the same role (``els``).

A number is the status. 2xx means for GET that nothing was changed, for all else that something was; any other status
means that nothing was. Words in brackets tell two rows of one route apart, as on the pages.
"""

from dataclasses import dataclass

from tests.portal.scenarios.permission_table import MEMBERS, PEOPLE

SESSION = "session"
TOKENS = ("read", "predict", "write", "manage", "elsewhere")
COLUMNS = [(person, SESSION) for person in PEOPLE if person != "anonymous"]
COLUMNS += [(person, token) for person in MEMBERS for token in TOKENS]

TABLE = """
                                 session                 viewer's token      operator's token    owner's token
                                 str adm nei vie ope own rea pre wri man els rea pre wri man els rea pre wri man els
home
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
teams
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 create                          403 201 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
 members                         404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 add_member                      404 404 404 403 403 201 403 403 403 403 404 403 403 403 403 404 403 403 403 201 404
 add_member (new account)        404 404 404 403 403 201 403 403 403 403 404 403 403 403 403 404 403 403 403 201 404
 change_role                     404 404 404 403 403 200 403 403 403 403 404 403 403 403 403 404 403 403 403 200 404
 change_role (one's own)         404 404 404 403 403 200 403 403 403 403 404 403 403 403 403 404 403 403 403 200 404
 change_role (not a member)      404 404 404 403 403 404 403 403 403 403 404 403 403 403 403 404 403 403 403 404 404
 host_identity                   404 404 404 403 403 403 403 403 403 403 404 403 403 403 403 404 403 403 403 403 404
 end_pause                       404 404 404 403 403 204 403 403 403 403 404 403 403 403 403 404 403 403 403 204 404
 remove_member                   404 404 404 403 403 204 403 403 403 403 404 403 403 403 403 404 403 403 403 204 404
 remove_member (oneself)         404 404 404 204 204 204 403 403 403 204 404 403 403 403 204 404 403 403 403 204 404
 remove_member (not a member)    404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404
workspaces
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 choices                         403 403 200 403 200 200 403 403 403 403 403 403 403 200 200 200 403 403 200 200 200
 register                        403 403 422 403 202 202 403 403 403 403 403 403 403 202 202 422 403 403 202 202 422
 register (others' credential)   403 403 422 403 422 422 403 403 403 403 403 403 403 422 422 422 403 403 422 422 422
 detail                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 unregister                      404 404 404 403 204 204 403 403 403 403 404 403 403 204 204 404 403 403 204 204 404
 test                            404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
recipes
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 detail                          200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
jobs
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 queue                           403 403 422 403 202 202 403 403 403 403 403 403 403 202 202 422 403 403 202 202 422
 queue (others' compute)         403 403 422 403 422 422 403 403 403 403 403 403 403 422 422 422 403 403 422 422 422
 queue_with_files                403 403 422 403 202 202 403 403 403 403 403 403 403 202 202 422 403 403 202 202 422
 detail                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 cancel                          404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 retry                           404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 log                             404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 log_file                        404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 metrics                         404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
models
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 detail                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 versions                        404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 register                        404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 version                         404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 file                            404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 sample                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
endpoints
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 deploy                          403 403 422 403 202 202 403 403 403 403 403 403 403 202 202 422 403 403 202 202 422
 deploy (others' endpoint)       403 403 422 403 422 422 403 403 403 403 403 403 403 422 422 422 403 403 422 422 422
 detail                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 delete                          404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 traffic                         404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 delete_deployment               404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 delete_deployment (mismatched)  404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404
predict
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 show                            404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 send                            404 404 404 200 200 200 403 200 200 200 404 403 200 200 200 404 403 200 200 200 404
 send (others' sample)           404 404 422 422 422 422 403 422 422 422 404 403 422 422 422 404 403 422 422 422 404
operations
 index                           200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
 detail                          404 404 404 200 200 200 200 200 200 200 404 200 200 200 200 404 200 200 200 200 404
 cancel                          404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
 retry                           404 404 404 403 202 202 403 403 403 403 404 403 403 202 202 404 403 403 202 202 404
tokens
 index                           200 200 200 200 200 200 403 403 403 200 403 403 403 403 200 403 403 403 403 200 403
 create                          201 201 201 201 201 201 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
 create (others' team)           422 422 422 422 422 422 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
 revoke                          204 204 204 204 204 204 403 403 403 204 403 403 403 403 204 403 403 403 403 204 403
 revoke (another's)              404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404
me                               200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
"""


@dataclass(frozen=True)
class Row:
    """One line of the table: a route, and the status for each person and way in."""

    name: str
    route: str
    words: dict[tuple[str, str], str]


def rows() -> list[Row]:
    """Return the lines of the table. Raises ValueError for a line that is not one status per column."""
    found, noun = [], ""
    for line in TABLE.strip("\n").splitlines()[2:]:
        if len(line.split()) == 1:
            noun = f"{line}_"
        else:
            found.append(_row(noun if line.startswith(" ") else "", line))
    return found


def _row(noun: str, line: str) -> Row:
    parts = line.split()
    name, statuses = " ".join(parts[: -len(COLUMNS)]), parts[-len(COLUMNS) :]
    return Row(f"{noun}{name}", f"{noun}{name}".partition(" ")[0], dict(zip(COLUMNS, statuses, strict=True)))
