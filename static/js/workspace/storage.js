// What the browser keeps for us. Where it keeps nothing (storage closed or full), the page's memory does,
// and the page then asks before it is left.
const memory = new Map();

export const PREFIX = "polyannot:";

export function keep(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
  } catch {
    memory.set(key, text);
  }
}

export function recall(key) {
  let text = memory.get(key);
  try {
    text ??= localStorage.getItem(key);
  } catch {
    // Closed to us: only the page's memory counts.
  }
  return parsed(text);
}

export function forget(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // It was never there.
  }
}

export function keysBelow(prefix) {
  const found = new Set([...memory.keys()].filter((key) => key.startsWith(prefix)));
  try {
    for (let at = 0; at < localStorage.length; at += 1) {
      const key = localStorage.key(at);
      if (key.startsWith(prefix)) {
        found.add(key);
      }
    }
  } catch {
    // Only the page's memory counts.
  }
  return [...found];
}

export function livesInMemoryOnly(prefix) {
  return [...memory.keys()].some((key) => key.startsWith(prefix));
}

function parsed(text) {
  try {
    return text === null || text === undefined ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
