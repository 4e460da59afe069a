// Runs before the first paint (no module, no defer), so that a remembered theme never flashes.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be closed to us; then the system's theme holds.
  }
  if (chosen === "light" || chosen === "dark") {
    root.dataset.theme = chosen;
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.shownTheme = root.dataset.theme ?? system;
})();
