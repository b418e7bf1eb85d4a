package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/invoker"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	cce "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
)

// One line of standard input.
type order struct {
	Call      string            `json:"call"`
	Arguments json.RawMessage   `json:"arguments"`
	Headers   map[string]string `json:"headers"`
	// In place of the environment variables of these names, for this call.
	Environment map[string]string `json:"environment"`
}

// Makes one call from its arguments; the answer is the SDK's own type.
type operation func(client *cce.CceClient, wanted order) (any, error)

// The operations of the upgrade family and those around them.
var operations = map[string]operation{
	"CreateAutopilotPreCheck":                 of((*cce.CceClient).CreateAutopilotPreCheckInvoker),
	"ListAutopilotPreCheckTasks":              of((*cce.CceClient).ListAutopilotPreCheckTasksInvoker),
	"ShowAutopilotPreCheck":                   of((*cce.CceClient).ShowAutopilotPreCheckInvoker),
	"CreateAutopilotPostCheck":                of((*cce.CceClient).CreateAutopilotPostCheckInvoker),
	"UpgradeAutopilotCluster":                 of((*cce.CceClient).UpgradeAutopilotClusterInvoker),
	"ListAutopilotUpgradeClusterTasks":        of((*cce.CceClient).ListAutopilotUpgradeClusterTasksInvoker),
	"ShowAutopilotUpgradeClusterTask":         of((*cce.CceClient).ShowAutopilotUpgradeClusterTaskInvoker),
	"RetryAutopilotUpgradeClusterTask":        of((*cce.CceClient).RetryAutopilotUpgradeClusterTaskInvoker),
	"CreateAutopilotUpgradeWorkFlow":          of((*cce.CceClient).CreateAutopilotUpgradeWorkFlowInvoker),
	"ListAutopilotUpgradeWorkFlows":           of((*cce.CceClient).ListAutopilotUpgradeWorkFlowsInvoker),
	"ShowAutopilotUpgradeWorkFlow":            of((*cce.CceClient).ShowAutopilotUpgradeWorkFlowInvoker),
	"UpgradeAutopilotWorkFlowUpdate":          of((*cce.CceClient).UpgradeAutopilotWorkFlowUpdateInvoker),
	"ShowAutopilotClusterUpgradeInfo":         of((*cce.CceClient).ShowAutopilotClusterUpgradeInfoInvoker),
	"ListAutopilotClusterUpgradePaths":        of((*cce.CceClient).ListAutopilotClusterUpgradePathsInvoker),
	"ListAutopilotClusterUpgradeFeatureGates": of((*cce.CceClient).ListAutopilotClusterUpgradeFeatureGatesInvoker),
	"CreateAutopilotClusterMasterSnapshot":    of((*cce.CceClient).CreateAutopilotClusterMasterSnapshotInvoker),
	"ListAutopilotClusterMasterSnapshotTasks": of((*cce.CceClient).ListAutopilotClusterMasterSnapshotTasksInvoker),
	"ListAutopilotUpgradePlans":               of((*cce.CceClient).ListAutopilotUpgradePlansInvoker),
	"UpdateAutopilotUpgradePlan":              of((*cce.CceClient).UpdateAutopilotUpgradePlanInvoker),
	"CreateAutopilotCluster":                  of((*cce.CceClient).CreateAutopilotClusterInvoker),
	"ListAutopilotClusters":                   of((*cce.CceClient).ListAutopilotClustersInvoker),
	"ShowAutopilotCluster":                    of((*cce.CceClient).ShowAutopilotClusterInvoker),
	"DeleteAutopilotCluster":                  of((*cce.CceClient).DeleteAutopilotClusterInvoker),
	"ShowAutopilotJob":                        of((*cce.CceClient).ShowAutopilotJobInvoker),
	// An operation that the service does not have.
	"ShowAutopilotQuotas": of((*cce.CceClient).ShowAutopilotQuotasInvoker),
}

// What every invoker of the SDK has.
type invocation[Response any] interface {
	GetBaseInvoker() *invoker.BaseInvoker
	Invoke() (*Response, error)
}

func of[Request, Response any, Invocation invocation[Response]](
	prepare func(*cce.CceClient, *Request) Invocation,
) operation {
	return func(client *cce.CceClient, wanted order) (any, error) {
		request := new(Request)
		if err := json.Unmarshal(wanted.Arguments, request); err != nil {
			return nil, err
		}
		prepared := prepare(client, request)
		prepared.GetBaseInvoker().AddHeaders(wanted.Headers)
		return prepared.Invoke()
	}
}

// Makes the calls of standard input, a line each, until it ends.
func calls() error {
	clients := map[string]*cce.CceClient{}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		wanted := order{Arguments: json.RawMessage("{}")}
		if err := json.Unmarshal(line, &wanted); err != nil {
			return err
		}
		answer, err := call(clients, wanted)
		if err != nil {
			printLine(map[string]any{"call": wanted.Call, "exception": exception(err)})
			continue
		}
		tell(wanted.Call, answer)
	}
}

// Makes one call, with the client of an earlier one that had the same environment.
func call(clients map[string]*cce.CceClient, wanted order) (any, error) {
	run, known := operations[wanted.Call]
	if !known {
		return nil, fmt.Errorf("this client does not know %s", wanted.Call)
	}
	key := fmt.Sprint(wanted.Environment)
	if clients[key] == nil {
		client, err := connect(wanted.Environment)
		if err != nil {
			return nil, err
		}
		clients[key] = client
	}
	return run(clients[key], wanted)
}

// What a caller of the SDK can read from its error.
func exception(err error) map[string]any {
	told := map[string]any{"type": reflect.TypeOf(err).String(), "message": err.Error()}
	var refused *sdkerr.ServiceResponseError
	if errors.As(err, &refused) {
		told["status"] = refused.StatusCode
		told["code"] = refused.ErrorCode
		told["message"] = refused.ErrorMessage
		told["requestId"] = refused.RequestId
	}
	return told
}
