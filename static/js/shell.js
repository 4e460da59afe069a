// Comfort that pages have everywhere: menus that close, dialogs that open, text that copies itself.
import { toastKnown } from "./toast.js";

// On a narrow window the tab of the page may lie beyond the edge of its row.
for (const tabs of document.querySelectorAll(".tabs")) {
  const here = tabs.querySelector('[aria-current="page"]');
  if (here && tabs.scrollWidth > tabs.clientWidth) {
    tabs.scrollLeft += here.getBoundingClientRect().left - tabs.getBoundingClientRect().left - 32;
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) {
      menu.open = false;
    }
  }
}

document.addEventListener("click", async (event) => {
  closeMenus(event.target.closest("details.menu"));

  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens)?.showModal();
  }

  const closer = event.target.closest("[data-closes]");
  if (closer) {
    closer.closest("dialog")?.close();
  }

  if (event.target instanceof HTMLDialogElement) {
    event.target.close(); // a click on the veil
  }

  const copier = event.target.closest("[data-copies]");
  if (copier) {
    await navigator.clipboard.writeText(document.getElementById(copier.dataset.copies).textContent.trim());
    toastKnown("copied");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") {
    return;
  }
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary")?.focus();
});
