// SPDX-License-Identifier: Apache-2.0
// Runs one of the servers on 127.0.0.1 and a free port, until it is told to end, its parent ends, or time is
// up.
//
// usage: serve.mjs FOLDER-WITH-NODE_MODULES fauxqs|local-aws-sqs [SECONDS]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, name, seconds = "600"] = process.argv.slice(2);
const require = createRequire(pathToFileURL(folder + "/package.json"));

const starts = {
  // Its command line would listen on every address.
  "fauxqs": async () => {
    const { buildApp } = await import(pathToFileURL(folder + "/node_modules/fauxqs/dist/app.js"));
    const app = buildApp({ logger: false });
    await app.listen({ host: "127.0.0.1", port: 0 });
    return app.server;
  },
  "local-aws-sqs": () =>
    require("local-aws-sqs").createSqsServer({
      port: 0,
      hostname: "127.0.0.1",
      emulateQueueCreationLifecycle: false,
    }),
};

if (!starts[name]) {
  console.error("serve.mjs: no server is called " + name);
  process.exit(64);
}
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 500).unref();
setTimeout(() => process.exit(0), Number(seconds) * 1000).unref();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));

const server = await starts[name]();
const { address, port } = server.address();
if (address !== "127.0.0.1") {
  console.error("serve.mjs: it listens on " + address);
  process.exit(70);
}
console.log("listening on http://127.0.0.1:" + port);
