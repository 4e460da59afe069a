// Sending to the server, and what an answer means: taken, refused with words, sign-in needed, out of reach.
import { csrfToken } from "../csrf.js";

const PATIENCE_MS = 15_000;
// Browsers carry requests of this size past the end of a page.
const KEEPALIVE_BYTES = 60_000;

// The cookie follows a sign-in in another tab; the token in this page's head does not.
function freshToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : csrfToken();
}

export async function post(url, body) {
  const isForm = body instanceof FormData;
  const text = isForm ? "" : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      body: isForm ? body : text,
      headers: {
        Accept: "application/json",
        "X-CSRFToken": freshToken(),
        ...(isForm ? {} : { "Content-Type": "application/json" }),
      },
      credentials: "same-origin",
      redirect: "manual",
      keepalive: !isForm && text.length < KEEPALIVE_BYTES,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return { kind: "unreachable" };
  }
  return understood(answer);
}

async function understood(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    return { kind: "sign-in" };
  }
  if (answer.status >= 500) {
    return { kind: "unreachable" };
  }
  let told = null;
  try {
    told = await answer.json();
  } catch {
    // A page instead of JSON: the token was not accepted, because the session has changed.
    return { kind: answer.status === 403 ? "sign-in" : "unreachable" };
  }
  if (answer.ok) {
    return { kind: "taken", told };
  }
  return { kind: "refused", status: answer.status, code: told.code ?? "", message: told.message ?? "" };
}
