// The token that every writing request of a script carries; the page states it in its head.
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}
