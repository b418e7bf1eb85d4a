"""Checks clusters through the vendor's Python SDK; prints one JSON object per call."""

import json
import os
import sys
import time

from calls import calls, exception
from huaweicloudsdkcce.v3 import (
    CceClient,
    CreateAutopilotPostCheckRequest,
    CreateAutopilotPreCheckRequest,
    ListAutopilotClustersRequest,
    ListAutopilotPreCheckTasksRequest,
    PostcheckClusterRequestBody,
    PostcheckSpec,
    PrecheckClusterRequestBody,
    PrecheckSpec,
    ShowAutopilotClusterRequest,
    ShowAutopilotPreCheckRequest,
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region

USAGE = """usage: client.py clusters
       client.py precheck CLUSTER TARGET
       client.py postcheck CLUSTER FROM TO
       client.py calls
environment: CLOUD_SDK_AK, CLOUD_SDK_SK, AIRWORTHY_ENDPOINT, AIRWORTHY_REGION, AIRWORTHY_PROJECT, AIRWORTHY_CA
(without AIRWORTHY_PROJECT the SDK looks for the project that is named like the region)"""

PAUSE = 0.5
DEADLINE = 600
FINISHED = ("Success", "Failed", "Error")


def connect(others=None):
    """Connects as the environment says, and as `others` say where they differ from it."""
    environment = {**os.environ, **(others or {})}
    for name in ("CLOUD_SDK_AK", "CLOUD_SDK_SK", "AIRWORTHY_ENDPOINT"):
        if not environment.get(name):
            raise SdkException(f"the environment variable {name} is not set")
    endpoint = environment["AIRWORTHY_ENDPOINT"]
    credentials = BasicCredentials(
        environment["CLOUD_SDK_AK"], environment["CLOUD_SDK_SK"], environment.get("AIRWORTHY_PROJECT") or None
    ).with_iam_endpoint(endpoint)
    region = Region(environment.get("AIRWORTHY_REGION", "local-1"), endpoint)
    config = HttpConfig.get_default_config()
    config.ssl_ca_cert = environment.get("AIRWORTHY_CA") or None
    builder = CceClient.new_builder().with_http_config(config)
    return builder.with_credentials(credentials).with_region(region).build()


def tell(call, answer):
    # The text of an answer is the JSON of what the SDK understood.
    line = {"call": call, "status": answer.status_code, "answer": json.loads(str(answer))}
    print(json.dumps(line), flush=True)


def clusters(client):
    answer = client.list_autopilot_clusters(ListAutopilotClustersRequest())
    tell("ListAutopilotClusters", answer)
    for cluster in answer.items or []:
        request = ShowAutopilotClusterRequest(cluster_id=cluster.metadata.uid)
        tell("ShowAutopilotCluster", client.show_autopilot_cluster(request))


def precheck(client, cluster, target):
    body = PrecheckClusterRequestBody(
        api_version="v3", kind="PreCheckTask", spec=PrecheckSpec(cluster_id=cluster, target_version=target)
    )
    created = client.create_autopilot_pre_check(CreateAutopilotPreCheckRequest(cluster_id=cluster, body=body))
    tell("CreateAutopilotPreCheck", created)
    request = ShowAutopilotPreCheckRequest(cluster_id=cluster, task_id=created.metadata.uid)
    end = time.monotonic() + DEADLINE
    shown = client.show_autopilot_pre_check(request)
    while shown.status.phase not in FINISHED:
        if time.monotonic() > end:
            sys.exit(f"the pre-check is still {shown.status.phase} after {DEADLINE} s")
        time.sleep(PAUSE)
        shown = client.show_autopilot_pre_check(request)
    tell("ShowAutopilotPreCheck", shown)
    request = ListAutopilotPreCheckTasksRequest(cluster_id=cluster)
    tell("ListAutopilotPreCheckTasks", client.list_autopilot_pre_check_tasks(request))


def postcheck(client, cluster, before, now):
    spec = PostcheckSpec(cluster_id=cluster, cluster_version=before, target_version=now)
    body = PostcheckClusterRequestBody(api_version="v3", kind="PostCheckTask", spec=spec)
    request = CreateAutopilotPostCheckRequest(cluster_id=cluster, body=body)
    tell("CreateAutopilotPostCheck", client.create_autopilot_post_check(request))


def main(arguments):
    if arguments == ["calls"]:
        return calls(connect)
    commands = {"clusters": (clusters, 0), "precheck": (precheck, 2), "postcheck": (postcheck, 3)}
    command, count = commands.get(arguments[0] if arguments else "", (None, 0))
    if command is None or len(arguments) != count + 1:
        sys.exit(USAGE)
    try:
        command(connect(), *arguments[1:])
    except SdkException as error:
        print(json.dumps({"error": exception(error)}))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
