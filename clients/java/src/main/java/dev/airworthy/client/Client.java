package dev.airworthy.client;

import com.huaweicloud.sdk.cce.v3.CceClient;
import com.huaweicloud.sdk.cce.v3.model.AutopilotCluster;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotPostCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.CreateAutopilotPreCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotClustersRequest;
import com.huaweicloud.sdk.cce.v3.model.ListAutopilotPreCheckTasksRequest;
import com.huaweicloud.sdk.cce.v3.model.PostcheckClusterRequestBody;
import com.huaweicloud.sdk.cce.v3.model.PostcheckSpec;
import com.huaweicloud.sdk.cce.v3.model.PrecheckClusterRequestBody;
import com.huaweicloud.sdk.cce.v3.model.PrecheckSpec;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotClusterRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotPreCheckRequest;
import com.huaweicloud.sdk.cce.v3.model.ShowAutopilotPreCheckResponse;
import com.huaweicloud.sdk.core.SdkResponse;
import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.SdkException;
import com.huaweicloud.sdk.core.http.HttpConfig;
import com.huaweicloud.sdk.core.region.Region;
import com.huaweicloud.sdk.core.utils.JsonUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Checks clusters through the vendor's Java SDK; prints one JSON object per call. */
public final class Client {
    private static final String USAGE = """
            usage: Client clusters
                   Client precheck CLUSTER TARGET
                   Client postcheck CLUSTER FROM TO
                   Client calls
            environment: CLOUD_SDK_AK, CLOUD_SDK_SK, AIRWORTHY_ENDPOINT, AIRWORTHY_REGION, AIRWORTHY_PROJECT, AIRWORTHY_CA
            (without AIRWORTHY_PROJECT the SDK looks for the project that is named like the region)""";
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration DEADLINE = Duration.ofMinutes(10);
    private static final Set<String> FINISHED = Set.of("Success", "Failed", "Error");

    private final CceClient client;

    private Client(CceClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws InterruptedException, IOException {
        String command = arguments.length == 0 ? "" : arguments[0] + "/" + (arguments.length - 1);
        try {
            switch (command) {
                case "clusters/0" -> here().clusters();
                case "precheck/2" -> here().precheck(arguments[1], arguments[2]);
                case "postcheck/3" -> here().postcheck(arguments[1], arguments[2], arguments[3]);
                case "calls/0" -> new Calls(Client::connect).make();
                default -> {
                    System.err.println(USAGE);
                    System.exit(1);
                }
            }
        } catch (SdkException error) {
            System.out.println(JsonUtils.toJSON(Map.of("error", Calls.exception(error))));
            System.exit(1);
        }
    }

    private static Client here() {
        return new Client(connect(Map.of()));
    }

    /** Connects as the environment says, and as {@code others} say where they differ from it. */
    private static CceClient connect(Map<String, String> others) {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.putAll(others);
        for (String name : List.of("CLOUD_SDK_AK", "CLOUD_SDK_SK", "AIRWORTHY_ENDPOINT")) {
            if (environment.getOrDefault(name, "").isEmpty()) {
                throw new SdkException("the environment variable " + name + " is not set");
            }
        }
        String endpoint = environment.get("AIRWORTHY_ENDPOINT");
        BasicCredentials credentials = new BasicCredentials()
                .withAk(environment.get("CLOUD_SDK_AK"))
                .withSk(environment.get("CLOUD_SDK_SK"))
                .withIamEndpoint(endpoint);
        String project = environment.getOrDefault("AIRWORTHY_PROJECT", "");
        if (!project.isEmpty()) {
            credentials.withProjectId(project);
        }
        String region = environment.getOrDefault("AIRWORTHY_REGION", "local-1");
        return CceClient.newBuilder()
                .withCredential(credentials)
                .withRegion(new Region(region, endpoint))
                .withHttpConfig(trusting(environment.getOrDefault("AIRWORTHY_CA", "")))
                .build();
    }

    /** Trusts the authorities of this machine or, where a file is named, that of the file. */
    private static HttpConfig trusting(String file) {
        HttpConfig config = HttpConfig.getDefaultHttpConfig();
        if (file.isEmpty()) {
            return config;
        }
        try (InputStream pem = Files.newInputStream(Path.of(file))) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            var trust = (X509TrustManager) factory.getTrustManagers()[0];
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {trust}, null);
            return config.withSSLSocketFactory(context.getSocketFactory()).withX509TrustManager(trust);
        } catch (IOException | GeneralSecurityException error) {
            throw new SdkException("cannot trust the certificate in " + file, error);
        }
    }

    private void clusters() {
        var listed = client.listAutopilotClusters(new ListAutopilotClustersRequest());
        tell("ListAutopilotClusters", listed);
        for (AutopilotCluster cluster : listed.getItems()) {
            var request = new ShowAutopilotClusterRequest().withClusterId(cluster.getMetadata().getUid());
            tell("ShowAutopilotCluster", client.showAutopilotCluster(request));
        }
    }

    private void precheck(String cluster, String target) throws InterruptedException {
        var body = new PrecheckClusterRequestBody()
                .withApiVersion("v3")
                .withKind("PreCheckTask")
                .withSpec(new PrecheckSpec().withClusterID(cluster).withTargetVersion(target));
        var created = client.createAutopilotPreCheck(
                new CreateAutopilotPreCheckRequest().withClusterId(cluster).withBody(body));
        tell("CreateAutopilotPreCheck", created);
        tell("ShowAutopilotPreCheck", finished(cluster, created.getMetadata().getUid()));
        tell("ListAutopilotPreCheckTasks", client.listAutopilotPreCheckTasks(
                new ListAutopilotPreCheckTasksRequest().withClusterId(cluster)));
    }

    private ShowAutopilotPreCheckResponse finished(String cluster, String task) throws InterruptedException {
        var request = new ShowAutopilotPreCheckRequest().withClusterId(cluster).withTaskId(task);
        Instant end = Instant.now().plus(DEADLINE);
        while (true) {
            var shown = client.showAutopilotPreCheck(request);
            String phase = shown.getStatus().getPhase();
            if (FINISHED.contains(phase)) {
                return shown;
            }
            if (Instant.now().isAfter(end)) {
                throw new SdkException("the pre-check is still " + phase + " after " + DEADLINE);
            }
            Thread.sleep(PAUSE.toMillis());
        }
    }

    private void postcheck(String cluster, String before, String now) {
        var body = new PostcheckClusterRequestBody()
                .withApiVersion("v3")
                .withKind("PostCheckTask")
                .withSpec(new PostcheckSpec()
                        .withClusterID(cluster)
                        .withClusterVersion(before)
                        .withTargetVersion(now));
        tell("CreateAutopilotPostCheck", client.createAutopilotPostCheck(
                new CreateAutopilotPostCheckRequest().withClusterId(cluster).withBody(body)));
    }

    private static void tell(String call, SdkResponse answer) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("call", call);
        line.put("status", answer.getHttpStatusCode());
        line.put("answer", answer);
        System.out.println(JsonUtils.toJSON(line));
    }
}
