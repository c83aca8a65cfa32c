// The check-in API. A refusal is an answer with its code; no answer within the deadline is NoAnswer.

import { language } from "./words.js";

const BASE = "/api/checkin/v1";

export class NoAnswer extends Error {}

/** A refusal: `code` and the members of the problem, such as when and where a pack was handed out. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.code);
    this.status = status;
    this.code = problem.code;
    this.problem = problem;
  }
}

async function ask(method, path, { token, body, seconds, headers, member } = {}) {
  const options = {
    method,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(seconds * 1000),
    headers: { Accept: "application/json", "Accept-Language": language, ...headers },
  };
  if (token) options.headers.Authorization = `Bearer ${token}`;
  if (body) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const { status, content } = await answerTo(`${BASE}${path}`, options);
  if (status < 300 && content?.[member] !== undefined) return content;
  if (status < 300) throw new NoAnswer("of another server"); // such as a network that asks to log in
  if (status >= 500 || !content?.code) throw new NoAnswer(`${status}`);
  throw new Refusal(status, content);
}

async function answerTo(address, options) {
  try {
    const answer = await fetch(address, options);
    const text = await answer.text();
    return { status: answer.status, content: text && text.startsWith("{") ? JSON.parse(text) : null };
  } catch (problem) {
    throw new NoAnswer(problem.message);
  }
}

/** Exchange a PIN for a device token. */
export const logIn = (stationId, body) => ask("POST", `/stations/${stationId}/login`, { body, seconds: 15, member: "device_token" });

/** Hand a pack out, once. The same key gets the same answer. */
export const checkIn = (token, key, body, seconds) =>
  ask("POST", "/checkins", { token, body, seconds, member: "participant_id", headers: { "Idempotency-Key": key } });

/** Send scans that were made without a network. */
export const sendScans = (token, items) =>
  ask("POST", "/checkins/batch", { token, body: { device_time: new Date().toISOString(), items }, seconds: 30, member: "items" });

/** Return the roster, or what changed since a version. */
export const snapshot = (token, since) =>
  ask("GET", `/roster/snapshot${since ? `?since=${encodeURIComponent(since)}` : ""}`, { token, seconds: 60, member: "entries" });

export const openConflicts = (token) => ask("GET", "/conflicts?state=open&limit=50", { token, seconds: 15, member: "items" });
export const stock = (token, eventId) => ask("GET", `/stock?event_id=${eventId}`, { token, seconds: 15, member: "sizes" });
