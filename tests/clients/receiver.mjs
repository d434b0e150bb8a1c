// A partner that web hooks tell: verifies each message with the published library of the specification, and
// writes it down, a line of JSON each. Usage: receiver.mjs SECRET. Prints its port first. Lines on standard
// input say how it answers from then on: {"path": status, or milliseconds to wait as "slow:5000"}; and, in
// "refuse", for which object it answers 400.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
let behaviour = {};

function verified(body, headers) {
  try {
    webhook.verify(body, headers);
    return true;
  } catch (error) {
    return String(error);
  }
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const message = JSON.parse(body);
    const how = behaviour[request.url] ?? 204;
    const status = behaviour.refuse === message.data.objectId ? 400 : typeof how === "number" ? how : 204;
    const told = { path: request.url, id: request.headers["webhook-id"], status, verified: verified(body, request.headers), ...message };
    console.log(JSON.stringify(told));
    const wait = typeof how === "string" ? Number(how.split(":")[1]) : 0;
    setTimeout(() => response.writeHead(status, status === 302 ? { Location: "/elsewhere" } : {}).end(), wait);
  });
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
createInterface({ input: process.stdin }).on("line", (line) => {
  behaviour = JSON.parse(line);
  console.log(JSON.stringify({ behaviour }));
});
