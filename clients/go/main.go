// Checks clusters through the vendor's Go SDK; prints one JSON object per call.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	cce "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3/model"
)

const usage = `usage: client clusters
       client precheck CLUSTER TARGET
       client postcheck CLUSTER FROM TO
       client calls
environment: CLOUD_SDK_AK, CLOUD_SDK_SK, AIRWORTHY_ENDPOINT, AIRWORTHY_REGION, AIRWORTHY_PROJECT, AIRWORTHY_CA
(without AIRWORTHY_PROJECT the SDK looks for the project that is named like the region)`

const (
	pause    = 500 * time.Millisecond
	deadline = 10 * time.Minute
)

var finished = []string{"Success", "Failed", "Error"}

func main() {
	arguments := os.Args[1:]
	if slices.Equal(arguments, []string{"calls"}) {
		if err := calls(); err != nil {
			fail(err)
		}
		return
	}
	var command func(*cce.CceClient) error
	switch {
	case slices.Equal(arguments, []string{"clusters"}):
		command = clusters
	case len(arguments) == 3 && arguments[0] == "precheck":
		command = func(client *cce.CceClient) error { return precheck(client, arguments[1], arguments[2]) }
	case len(arguments) == 4 && arguments[0] == "postcheck":
		command = func(client *cce.CceClient) error {
			return postcheck(client, arguments[1], arguments[2], arguments[3])
		}
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(1)
	}
	client, err := connect(nil)
	if err == nil {
		err = command(client)
	}
	if err != nil {
		fail(err)
	}
}

// Connects as the environment says, and as these say where they differ from it.
func connect(others map[string]string) (*cce.CceClient, error) {
	value := func(name string) string {
		if other, differs := others[name]; differs {
			return other
		}
		return os.Getenv(name)
	}
	for _, name := range []string{"CLOUD_SDK_AK", "CLOUD_SDK_SK", "AIRWORTHY_ENDPOINT"} {
		if value(name) == "" {
			return nil, fmt.Errorf("the environment variable %s is not set", name)
		}
	}
	endpoint, id := value("AIRWORTHY_ENDPOINT"), value("AIRWORTHY_REGION")
	if id == "" {
		id = "local-1"
	}
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(value("CLOUD_SDK_AK")).
		WithSk(value("CLOUD_SDK_SK")).
		WithProjectId(value("AIRWORTHY_PROJECT")).
		// The environment variable for it would get https:// put in front.
		WithIamEndpointOverride(endpoint).
		SafeBuild()
	if err != nil {
		return nil, err
	}
	trusting, err := trusting(value("AIRWORTHY_CA"))
	if err != nil {
		return nil, err
	}
	client, err := cce.CceClientBuilder().
		WithHttpConfig(trusting).
		WithRegion(region.NewRegion(id, endpoint)).
		WithCredential(credentials).
		SafeBuild()
	if err != nil {
		return nil, err
	}
	return cce.NewCceClient(client), nil
}

// Trusts the authorities of this machine, and those of a file where one is named.
func trusting(file string) (*config.HttpConfig, error) {
	settings := config.DefaultHttpConfig()
	if file == "" {
		return settings, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	authorities, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("there is no certificate in %s", file)
	}
	trust := &tls.Config{RootCAs: authorities}
	return settings.WithHttpTransport(&http.Transport{TLSClientConfig: trust}), nil
}

func clusters(client *cce.CceClient) error {
	listed, err := client.ListAutopilotClusters(&model.ListAutopilotClustersRequest{})
	if err != nil {
		return err
	}
	tell("ListAutopilotClusters", listed)
	if listed.Items == nil {
		return nil
	}
	for _, cluster := range *listed.Items {
		request := &model.ShowAutopilotClusterRequest{ClusterId: *cluster.Metadata.Uid}
		shown, err := client.ShowAutopilotCluster(request)
		if err != nil {
			return err
		}
		tell("ShowAutopilotCluster", shown)
	}
	return nil
}

func precheck(client *cce.CceClient, cluster, target string) error {
	created, err := client.CreateAutopilotPreCheck(&model.CreateAutopilotPreCheckRequest{
		ClusterId: cluster,
		Body: &model.PrecheckClusterRequestBody{
			ApiVersion: "v3",
			Kind:       "PreCheckTask",
			Spec:       &model.PrecheckSpec{ClusterID: &cluster, TargetVersion: &target},
		},
	})
	if err != nil {
		return err
	}
	tell("CreateAutopilotPreCheck", created)
	request := &model.ShowAutopilotPreCheckRequest{ClusterId: cluster, TaskId: *created.Metadata.Uid}
	end := time.Now().Add(deadline)
	shown, err := client.ShowAutopilotPreCheck(request)
	for err == nil && !slices.Contains(finished, *shown.Status.Phase) {
		if time.Now().After(end) {
			return fmt.Errorf("the pre-check is still %s after %s", *shown.Status.Phase, deadline)
		}
		time.Sleep(pause)
		shown, err = client.ShowAutopilotPreCheck(request)
	}
	if err != nil {
		return err
	}
	tell("ShowAutopilotPreCheck", shown)
	listed, err := client.ListAutopilotPreCheckTasks(&model.ListAutopilotPreCheckTasksRequest{ClusterId: cluster})
	if err != nil {
		return err
	}
	tell("ListAutopilotPreCheckTasks", listed)
	return nil
}

func postcheck(client *cce.CceClient, cluster, before, now string) error {
	answer, err := client.CreateAutopilotPostCheck(&model.CreateAutopilotPostCheckRequest{
		ClusterId: cluster,
		Body: &model.PostcheckClusterRequestBody{
			ApiVersion: "v3",
			Kind:       "PostCheckTask",
			Spec:       &model.PostcheckSpec{ClusterID: &cluster, ClusterVersion: &before, TargetVersion: &now},
		},
	})
	if err != nil {
		return err
	}
	tell("CreateAutopilotPostCheck", answer)
	return nil
}

// Prints an answer; every answer of the SDK is a struct with the HTTP status in it.
func tell(call string, answer any) {
	status := reflect.ValueOf(answer).Elem().FieldByName("HttpStatusCode").Int()
	printLine(map[string]any{"call": call, "status": status, "answer": answer})
}

func fail(err error) {
	printLine(map[string]any{"error": exception(err)})
	os.Exit(1)
}

func printLine(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
