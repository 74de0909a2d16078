// Opens a page in Firefox by WebDriver BiDi: node firefox.mjs FIREFOX URL EXPRESSION [SCREENSHOT]
//
// Prints as JSON what the page logged as errors, and the value of the expression, which may be a promise.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [program, url, expression, screenshot] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "lenet-firefox-"));
const firefox = spawn(program, ["--headless", "--profile", profile, "--remote-debugging-port=0", "about:blank"], {
  stdio: ["ignore", "ignore", "pipe"],
});

setTimeout(() => {
  firefox.kill();
  process.exit(1);
}, 40_000).unref(); // whatever waits for an answer that does not come

const address = await new Promise((resolve, reject) => {
  let text = "";
  firefox.stderr.on("data", (part) => {
    text += part;
    const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
    if (found) resolve(found[1]);
  });
  firefox.on("exit", () => reject(new Error(text)));
});
const socket = new WebSocket(`${address}/session`);
await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));

const waiting = new Map(), errors = [];
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.id) waiting.get(message.id)?.(message);
  else if (message.method === "log.entryAdded" && message.params.level === "error") errors.push(message.params.text);
};
let number = 0;
async function call(method, params) {
  const id = ++number;
  socket.send(JSON.stringify({ id, method, params }));
  const answer = await new Promise((resolve) => waiting.set(id, resolve));
  if (answer.error) throw new Error(`${method}: ${answer.message}`);
  return answer.result;
}

try {
  await call("session.new", { capabilities: {} });
  await call("session.subscribe", { events: ["log.entryAdded"] });
  const { contexts } = await call("browsingContext.getTree", {});
  const { context } = contexts[0];
  await call("browsingContext.setViewport", { context, viewport: { width: 1440, height: 900 } });
  await call("browsingContext.navigate", { context, url, wait: "complete" });
  const done = await call("script.evaluate", { expression, target: { context }, awaitPromise: true });
  if (screenshot) {
    const { data } = await call("browsingContext.captureScreenshot", { context });
    writeFileSync(screenshot, Buffer.from(data, "base64"));
  }
  console.log(JSON.stringify({ errors, value: done.result?.value ?? null, exception: done.exceptionDetails?.text ?? null }));
} finally {
  firefox.kill();
  socket.close();
  setTimeout(() => rmSync(profile, { recursive: true, force: true }), 500);
}
