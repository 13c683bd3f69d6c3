"""The only code that opens connections to Azure's control plane. No Django, nothing of ours; credentials are passed in.

Every function takes a `connections.Connection` first, makes as few calls as it can, never waits for an operation's end
and raises only `errors.AzureError`. Importing these modules is cheap; the first `connect()` imports azure-ai-ml (2 s).
"""
