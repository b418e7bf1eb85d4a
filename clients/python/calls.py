"""Makes single calls through the vendor's Python SDK: one JSON object per line in, one per line out."""

import json
import re
import sys

from huaweicloudsdkcce import v3
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException


def typed(kind, value):
    """The SDK's own object of this type, from its JSON."""
    if value is None:
        return None
    if found := re.fullmatch(r"list\[(.*)]", kind):
        return [typed(found[1], item) for item in value]
    if found := re.fullmatch(r"dict\(str, (.*)\)", kind):
        return {name: typed(found[1], item) for name, item in value.items()}
    model = getattr(v3, kind, None)
    # Texts, numbers, free objects; and enumerations, whose values are texts.
    if model is None or not model.openapi_types:
        return value
    members = model.attribute_map.items()
    return model(**{name: typed(model.openapi_types[name], value.get(member)) for name, member in members})


def invoker(client, call, arguments):
    request = getattr(v3, f"{call}Request")
    members = {name: typed(kind, arguments.get(name)) for name, kind in request.openapi_types.items()}
    method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", call).lower()
    return getattr(client, f"{method}_invoker")(request(**members))


def exception(error):
    """What a caller of the SDK can read from its exception."""
    told = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, SdkException):
        told["message"] = error.error_msg
    if isinstance(error, ServiceResponseException):
        told["status"] = error.status_code
        told["code"] = error.error_code
        told["requestId"] = error.request_id
    return told


def make(client, wanted):
    prepared = invoker(client, wanted["call"], wanted.get("arguments", {}))
    for name, value in wanted.get("headers", {}).items():
        prepared.add_header(name, value)
    answer = prepared.invoke()
    # The text of an answer is the JSON of what the SDK understood.
    return {"status": answer.status_code, "answer": json.loads(str(answer))}


def calls(connect):
    """Makes the calls of standard input until it ends; an `environment` in a line differs for that call."""
    clients = {}
    for line in sys.stdin:
        wanted = json.loads(line)
        others = wanted.get("environment", {})
        try:
            key = json.dumps(others, sort_keys=True)
            client = clients[key] if key in clients else clients.setdefault(key, connect(others))
            told = make(client, wanted)
        except Exception as error:  # Whatever the SDK throws is what there is to tell.
            told = {"exception": exception(error)}
        print(json.dumps({"call": wanted["call"], **told}), flush=True)
