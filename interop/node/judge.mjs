// What the judges in Node share: they tell each flow's outcome, one JSON object
// to a line, and ask the test for what only a person with a browser can do.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const world = {
  origin: process.env.ENTENTE_ORIGIN,
  host: new URL(process.env.ENTENTE_ORIGIN).host,
  tenant: process.env.ENTENTE_TENANT,
  customer: process.env.ENTENTE_CUSTOMER,
  app: process.env.ENTENTE_APP,
  secret: process.env.ENTENTE_APP_SECRET,
  certificateApp: process.env.ENTENTE_CERTIFICATE_APP,
  certificateFile: process.env.ENTENTE_CERTIFICATE_FILE,
  publicApp: process.env.ENTENTE_PUBLIC_APP,
  backend: process.env.ENTENTE_BACKEND,
  backendSecret: process.env.ENTENTE_BACKEND_SECRET,
  assertion: process.env.ENTENTE_ASSERTION,
  graph: "https://graph.microsoft.com",
  partnerCenter: "https://api.partnercenter.microsoft.com",
};

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

async function ask(question) {
  say(question);
  return JSON.parse((await answers.next()).value);
}

// signIn lets a person walk from an authorize address to the redirect address,
// and gives what arrived there.
export const signIn = (address, redirect) => ask({ visit: address, redirect });

// approve lets a person type a device's code.
export const approve = (address, code) => ask({ device: address, code });

// client says whose flows follow.
export function client(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  say({ client: name, version: JSON.parse(readFileSync(file)).version });
}

// flow tells how one flow went. A failure does not keep the next from running.
export async function flow(name, run, difference = "") {
  try {
    await run();
    say({ flow: name, ok: true, difference });
  } catch (failure) {
    say({ flow: name, ok: false, difference, detail: String(failure?.stack ?? failure) });
  }
}

export function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

export function check(condition, said) {
  if (!condition) throw new Error(typeof said === "string" ? said : JSON.stringify(said));
}

// refused runs what must fail, and gives the failure.
export async function refused(run) {
  try {
    await run();
  } catch (failure) {
    return failure;
  }
  throw new Error("it was not refused");
}

export const finish = () => process.exit(0);
