// The call through the vendor's SDK for Go. Members that are enumerations or pointers there come in as JSON.

import { pascal } from "./names.js";

/** A program that makes the call. */
export function go(operation, { project, members, body }, base) {
  const named = new Set(operation.parameters.filter((it) => it.in === "path").map((it) => it.name));
  const path = Object.entries(members).filter(([name]) => named.has(name));
  const rest = Object.fromEntries(Object.entries(members).filter(([name]) => !named.has(name)));
  if (body !== undefined) {
    rest.body = body;
  }
  const read = Object.keys(rest).length > 0;
  const fields = path.map(([name, value]) => `${pascal(name)}: ${JSON.stringify(value)}`).join(", ");
  return `package main

import (
${read ? '\t"encoding/json"\n' : ""}\t"fmt"
\t"log"
\t"os"

\t"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
\tcce "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
\t"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3/model"
)

func main() {
\tcredentials := basic.NewCredentialsBuilder().
\t\tWithAk(os.Getenv("CLOUD_SDK_AK")).
\t\tWithSk(os.Getenv("CLOUD_SDK_SK")).
\t\tWithProjectId(${JSON.stringify(project ?? "PROJECT")}).
\t\tBuild()
\tclient := cce.NewCceClient(cce.CceClientBuilder().
\t\tWithEndpoint(${JSON.stringify(base)}).
\t\tWithCredential(credentials).
\t\tBuild())
\trequest := &model.${operation.id}Request{${fields}}
${read ? unmarshalled(rest) : ""}\tresponse, err := client.${operation.id}(request)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(response)
}
`;
}

function unmarshalled(rest) {
  const text = JSON.stringify(rest, null, "\t").replaceAll("`", "\\u0060").replaceAll("\n", "\n\t");
  return `\tif err := json.Unmarshal([]byte(\`${text}\`), request); err != nil {
\t\tlog.Fatal(err)
\t}
`;
}
