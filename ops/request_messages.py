"""The texts for requests that the web refuses before any rule of the domain is asked; part of the message catalogue."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

REQUEST_TEXTS: dict[str, tuple[Text, Text, Text]] = {
    "http:400": (
        _("Request cannot be read"),
        _("The request's body is not what its Content-Type says, or it is damaged."),
        _("Send JSON, or a multipart form where the documentation says so."),
    ),
    "http:401": (
        _("Sign in first"),
        _("The request carries neither a session nor a token that is valid."),
        _("Send a token as Authorization: Bearer; it may have expired or been revoked."),
    ),
    "http:403": (
        _("Read only"),
        _("You may read this, but not change it."),
        _("An owner of the team can give you the operator role; a token needs the scope for it as well."),
    ),
    "http:404": (
        _("Nothing here"),
        _("There is no such page, or it belongs to a team that you are not in."),
        "",
    ),
    "http:405": (
        _("Not this method"),
        _("This address does not take the method of the request."),
        _("The documentation lists the methods of each address."),
    ),
    "http:413": (
        _("Request too large"),
        _("The request's body is larger than the portal takes."),
        _("Send files as a multipart form, and fewer or smaller ones."),
    ),
    "http:429": (
        _("Too many requests"),
        _("The portal takes fewer requests in so short a time."),
        _("Wait as long as Retry-After says."),
    ),
    "http:500": (
        _("Something broke on our side"),
        _("The error is in the portal's log. Nothing you queued is lost: workers go on by themselves."),
        "",
    ),
    "http:503": (
        _("The database is busy"),
        _("Another program has held the portal's database for too long; nothing was saved."),
        _("Try again in a moment."),
    ),
    "api:wrong_values": (
        _("Check these values"),
        _("The request has values that cannot be used; fields says which and why."),
        "",
    ),
    "api:bad_cursor": (
        _("Unknown cursor"),
        _("This cursor was not made by this list."),
        _("Take it from next or previous of an answer, or leave it out for the first page."),
    ),
    "api:key_reused": (
        _("Idempotency key used before"),
        _("Another request was sent with this Idempotency-Key in the last 24 hours."),
        _("Make a new key for each thing you want made, and repeat it only for the very same request."),
    ),
    "api:bad_key": (
        _("Idempotency key not usable"),
        _("An Idempotency-Key has 1 to 64 printable ASCII characters."),
        _("A random UUID is a good one."),
    ),
    "api:still_running": (
        _("Still under way"),
        _("The first request with this Idempotency-Key has not been answered yet."),
        _("Ask again in a moment."),
    ),
    "accounts:must_change_password": (
        _("Change your password first"),
        _("This account still has its one-time password."),
        _("Sign in with a browser and choose a password of your own."),
    ),
    "token:needs_session": (
        _("Not with a token"),
        _("A token cannot make another token."),
        _("Sign in with a browser and make it there."),
    ),
    "token:too_many": (
        _("Too many tokens"),
        _("You have {limit} valid tokens already."),
        _("Revoke those that nobody uses."),
    ),
    "token:expired_already": (
        _("In the past"),
        _("The token would be expired from the start."),
        _("Choose a day to come."),
    ),
}
