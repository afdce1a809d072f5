"""What Schemathesis must not do to the house that it tests: end the key that it holds."""

import os

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    ends_key = case.operation.path.endswith(("/rotate", "/revoke"))
    if ends_key and case.path_parameters.get("id") == os.environ["OWN_KEY_ID"]:
        case.path_parameters["id"] = os.environ["OTHER_KEY_ID"]
