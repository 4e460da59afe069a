// The light and dark switch: any element with data-theme-switch. Choosing what the system says
// forgets the choice, so that the page follows the system again.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function systemTheme() {
  return system.matches ? "dark" : "light";
}

function remember(theme) {
  try {
    if (theme === null) {
      localStorage.removeItem("theme");
    } else {
      localStorage.setItem("theme", theme);
    }
  } catch {
    // Not remembered then; the page still changes.
  }
}

function paint() {
  const shown = root.dataset.theme ?? systemTheme();
  root.dataset.shownTheme = shown;
  for (const control of document.querySelectorAll("[data-theme-switch]")) {
    control.setAttribute("aria-pressed", String(shown === "dark"));
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) {
    return;
  }
  const next = root.dataset.shownTheme === "dark" ? "light" : "dark";
  if (next === systemTheme()) {
    delete root.dataset.theme;
    remember(null);
  } else {
    root.dataset.theme = next;
    remember(next);
  }
  paint();
});

system.addEventListener("change", paint);
paint();
