// htmx: the CSRF header, what is said when the network or the server fails, where the focus goes.
// Which answers are swapped stands in <meta name="htmx-config"> (templates/base_bare.html).
import { csrfToken } from "./csrf.js";
import { toast, toastKnown } from "./toast.js";

const SAFE_VERBS = new Set(["get", "head", "options", "trace"]);

document.addEventListener("htmx:configRequest", (event) => {
  if (!SAFE_VERBS.has(event.detail.verb)) {
    event.detail.headers["X-CSRFToken"] = csrfToken();
  }
});

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.target?.removeAttribute("aria-busy");
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toastKnown("offline"));
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 403 || xhr.status === 401) {
    toastKnown("denied");
  } else {
    toastKnown("failed", xhr.getResponseHeader("X-Reference") ?? "");
  }
});

// A form that comes back with errors: the first field in error gets the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr?.status === 422) {
    event.detail.elt.querySelector('[aria-invalid="true"]')?.focus();
  }
});

// The server may ask for a message: HX-Trigger: {"toast": "Batch given to Annotator A."}
document.addEventListener("toast", (event) => {
  toast(typeof event.detail?.value === "string" ? event.detail.value : event.detail?.text);
});
