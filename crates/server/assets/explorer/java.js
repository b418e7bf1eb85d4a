// The call through the vendor's SDK for Java. Members that are enumerations or classes there come in as JSON.

import { classOf, lowered, pascal } from "./names.js";

/** A program that makes the call. */
export function java(operation, { project, members, body }, base) {
  const named = new Set(operation.parameters.filter((it) => it.in === "path").map((it) => it.name));
  const set = Object.entries(members)
    .filter(([name]) => named.has(name))
    .map(([name, value]) => `\n                .with${pascal(name)}(${JSON.stringify(value)})`);
  const query = Object.fromEntries(Object.entries(members).filter(([name]) => !named.has(name)));
  const read = Object.keys(query).length > 0;
  const made = read
    ? `JsonUtils.toObject(${block(query)}, ${operation.id}Request.class)`
    : `new ${operation.id}Request()`;
  if (body !== undefined) {
    const name = classOf(operation.body.schema.$ref.split("/").pop());
    set.push(`\n                .withBody(JsonUtils.toObject(${block(body)}, ${name}.class))`);
  }
  const json = read || body !== undefined ? "\nimport com.huaweicloud.sdk.core.utils.JsonUtils;" : "";
  return `import com.huaweicloud.sdk.cce.v3.CceClient;
import com.huaweicloud.sdk.cce.v3.model.*;
import com.huaweicloud.sdk.core.auth.BasicCredentials;${json}

public class Call {
    public static void main(String[] arguments) {
        var credentials = new BasicCredentials()
                .withAk(System.getenv("CLOUD_SDK_AK"))
                .withSk(System.getenv("CLOUD_SDK_SK"))
                .withProjectId(${JSON.stringify(project ?? "PROJECT")});
        var client = CceClient.newBuilder()
                .withCredential(credentials)
                .withEndpoint(${JSON.stringify(base)})
                .build();
        var request = ${made}${set.join("")};
        System.out.println(client.${lowered(operation.id)}(request));
    }
}
`;
}

/** JSON as a text block. */
function block(given) {
  const indent = "                ";
  const text = JSON.stringify(given, null, 2).replaceAll("\\", "\\\\").replaceAll('"""', '\\"""');
  return `"""\n${indent}${text.replaceAll("\n", `\n${indent}`)}"""`;
}
