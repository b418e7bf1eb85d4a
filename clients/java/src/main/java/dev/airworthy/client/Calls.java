package dev.airworthy.client;

import static java.util.Map.entry;

import com.huaweicloud.sdk.cce.v3.CceClient;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotClusterMasterSnapshotRequest;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotClusterRequest;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotPostCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotPreCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotUpgradeWorkFlowRequest;
import com.huaweicloud.sdk.cce.v3.model.DeleteAutopilotClusterRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotClusterMasterSnapshotTasksRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotClusterUpgradeFeatureGatesRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotClusterUpgradePathsRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotClustersRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotPreCheckTasksRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotUpgradeClusterTasksRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotUpgradeWorkFlowsRequest;
import com.huaweicloud.sdk.cce.v3.model.RetryAutopilotUpgradeClusterTaskRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotClusterRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotClusterUpgradeInfoRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotJobRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotPreCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotQuotasRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotUpgradeClusterTaskRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotUpgradeWorkFlowRequest;
import com.huaweicloud.sdk.cce.v3.model.UpgradeAutopilotClusterRequest;
import com.huaweicloud.sdk.cce.v3.model.UpgradeAutopilotWorkFlowUpdateRequest;
import com.huaweicloud.sdk.core.SdkResponse;
import com.huaweicloud.sdk.core.exception.SdkException;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.core.invoker.SyncInvoker;
import com.huaweicloud.sdk.core.utils.JsonUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Makes single calls through the vendor's Java SDK: one JSON object per line in, one per line out. */
final class Calls {
    /**
     * One line of standard input.
     *
     * @param environment in place of the environment variables of these names, for this call
     */
    record Order(String call, Object arguments, Map<String, String> headers, Map<String, String> environment) {}

    /** The operations of the upgrade family that this SDK has, and those around them. */
    private static final Map<String, BiFunction<CceClient, Order, SdkResponse>> OPERATIONS = Map.ofEntries(
            entry("CreateAutopilotPreCheck", of(CreateAutopilotPreCheckRequest.class, CceClient::createAutopilotPreCheckInvoker)),
            entry("ListAutopilotPreCheckTasks", of(ListAutopilotPreCheckTasksRequest.class, CceClient::listAutopilotPreCheckTasksInvoker)),
            entry("ShowAutopilotPreCheck", of(ShowAutopilotPreCheckRequest.class, CceClient::showAutopilotPreCheckInvoker)),
            entry("CreateAutopilotPostCheck", of(CreateAutopilotPostCheckRequest.class, CceClient::createAutopilotPostCheckInvoker)),
            entry("UpgradeAutopilotCluster", of(UpgradeAutopilotClusterRequest.class, CceClient::upgradeAutopilotClusterInvoker)),
            entry("ListAutopilotUpgradeClusterTasks", of(ListAutopilotUpgradeClusterTasksRequest.class, CceClient::listAutopilotUpgradeClusterTasksInvoker)),
            entry("ShowAutopilotUpgradeClusterTask", of(ShowAutopilotUpgradeClusterTaskRequest.class, CceClient::showAutopilotUpgradeClusterTaskInvoker)),
            entry("RetryAutopilotUpgradeClusterTask", of(RetryAutopilotUpgradeClusterTaskRequest.class, CceClient::retryAutopilotUpgradeClusterTaskInvoker)),
            entry("CreateAutopilotUpgradeWorkFlow", of(CreateAutopilotUpgradeWorkFlowRequest.class, CceClient::createAutopilotUpgradeWorkFlowInvoker)),
            entry("ListAutopilotUpgradeWorkFlows", of(ListAutopilotUpgradeWorkFlowsRequest.class, CceClient::listAutopilotUpgradeWorkFlowsInvoker)),
            entry("ShowAutopilotUpgradeWorkFlow", of(ShowAutopilotUpgradeWorkFlowRequest.class, CceClient::showAutopilotUpgradeWorkFlowInvoker)),
            entry("UpgradeAutopilotWorkFlowUpdate", of(UpgradeAutopilotWorkFlowUpdateRequest.class, CceClient::upgradeAutopilotWorkFlowUpdateInvoker)),
            entry("ShowAutopilotClusterUpgradeInfo", of(ShowAutopilotClusterUpgradeInfoRequest.class, CceClient::showAutopilotClusterUpgradeInfoInvoker)),
            entry("ListAutopilotClusterUpgradePaths", of(ListAutopilotClusterUpgradePathsRequest.class, CceClient::listAutopilotClusterUpgradePathsInvoker)),
            entry("ListAutopilotClusterUpgradeFeatureGates", of(ListAutopilotClusterUpgradeFeatureGatesRequest.class, CceClient::listAutopilotClusterUpgradeFeatureGatesInvoker)),
            entry("CreateAutopilotClusterMasterSnapshot", of(CreateAutopilotClusterMasterSnapshotRequest.class, CceClient::createAutopilotClusterMasterSnapshotInvoker)),
            entry("ListAutopilotClusterMasterSnapshotTasks", of(ListAutopilotClusterMasterSnapshotTasksRequest.class, CceClient::listAutopilotClusterMasterSnapshotTasksInvoker)),
            entry("CreateAutopilotCluster", of(CreateAutopilotClusterRequest.class, CceClient::createAutopilotClusterInvoker)),
            entry("ListAutopilotClusters", of(ListAutopilotClustersRequest.class, CceClient::listAutopilotClustersInvoker)),
            entry("ShowAutopilotCluster", of(ShowAutopilotClusterRequest.class, CceClient::showAutopilotClusterInvoker)),
            entry("DeleteAutopilotCluster", of(DeleteAutopilotClusterRequest.class, CceClient::deleteAutopilotClusterInvoker)),
            entry("ShowAutopilotJob", of(ShowAutopilotJobRequest.class, CceClient::showAutopilotJobInvoker)),
            // An operation that the service does not have.
            entry("ShowAutopilotQuotas", of(ShowAutopilotQuotasRequest.class, CceClient::showAutopilotQuotasInvoker)));

    private final Function<Map<String, String>, CceClient> connect;
    private final Map<Map<String, String>, CceClient> clients = new HashMap<>();

    Calls(Function<Map<String, String>, CceClient> connect) {
        this.connect = connect;
    }

    /** Makes the calls of standard input, a line each, until it ends. */
    void make() throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Order wanted = JsonUtils.toObject(line, Order.class);
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("call", wanted.call());
            try {
                SdkResponse answer = make(wanted);
                told.put("status", answer.getHttpStatusCode());
                told.put("answer", answer);
            } catch (RuntimeException error) {
                told.put("exception", exception(error));
            }
            System.out.println(JsonUtils.toJSON(told));
        }
    }

    private SdkResponse make(Order wanted) {
        var operation = OPERATIONS.get(wanted.call());
        if (operation == null) {
            throw new SdkException("this client does not know " + wanted.call());
        }
        Map<String, String> others = wanted.environment() == null ? Map.of() : wanted.environment();
        return operation.apply(clients.computeIfAbsent(others, connect), wanted);
    }

    private static <Q, A extends SdkResponse> BiFunction<CceClient, Order, SdkResponse> of(
            Class<Q> type, BiFunction<CceClient, Q, SyncInvoker<Q, A>> prepare) {
        return (client, wanted) -> {
            String arguments = wanted.arguments() == null ? "{}" : JsonUtils.toJSON(wanted.arguments());
            var invoker = prepare.apply(client, JsonUtils.toObject(arguments, type));
            if (wanted.headers() != null) {
                wanted.headers().forEach(invoker::addHeader);
            }
            return invoker.invoke();
        };
    }

    /** What a caller of the SDK can read from its exception. */
    static Map<String, Object> exception(RuntimeException error) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("type", error.getClass().getSimpleName());
        told.put("message", error.getMessage());
        if (error instanceof ServiceResponseException refused) {
            told.put("status", refused.getHttpStatusCode());
            told.put("code", refused.getErrorCode());
            told.put("message", refused.getErrorMsg());
            told.put("requestId", refused.getRequestId());
        }
        return told;
    }
}
