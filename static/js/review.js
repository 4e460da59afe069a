// The review queue by keyboard: A accepts, R and F open their forms, Ctrl+Enter sends them, arrows move. Everything is
// a form beneath.
const queue = document.getElementById("review");
const ACTS = { a: "accept", r: "return", f: "fix" };

function items() {
  return [...queue.querySelectorAll(".review__item")];
}

function active() {
  return queue.querySelector('.review__item[aria-current="true"]');
}

function activate(item, { focus = true } = {}) {
  active()?.removeAttribute("aria-current");
  if (!item) {
    return;
  }
  item.setAttribute("aria-current", "true");
  if (focus) {
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  }
}

function move(step) {
  const all = items();
  const place = all.indexOf(active());
  activate(all[Math.max(0, Math.min(all.length - 1, place + step))]);
}

// The next one that waits, from this one on; the next page when this one has none.
function goOn(from) {
  const all = items();
  const place = Math.max(0, all.indexOf(from));
  const open = [...all.slice(place), ...all.slice(0, place)].find((item) => "open" in item.dataset);
  if (open) {
    activate(open);
  } else if (queue.dataset.nextPage && queue.querySelector("[data-open]") === null) {
    // The decided ones have left the list, so its first page shows what is left.
    window.location.assign(window.location.pathname);
  } else {
    activate(from);
  }
}

function press(act) {
  const control = active()?.querySelector(`[data-act="${act}"]`);
  if (!control) {
    return;
  }
  if (control instanceof HTMLDetailsElement) {
    control.open = true;
    control.querySelector("textarea, input:not([type=hidden])")?.focus();
  } else {
    control.click();
  }
}

// What "Accept all" still means, after one judgment of the image was decided or taken back.
function count(image) {
  const number = image.querySelector('[data-part="open"]');
  if (number) {
    const open = image.querySelectorAll("[data-open]").length;
    number.textContent = open;
    number.closest("form").hidden = open < 2;
  }
}

function isWriting(target) {
  return target.closest("textarea, input, select") !== null;
}

if (queue) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest(".review__more")) {
      event.target.closest(".review__more").open = false;
      activate(active());
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.target.closest(".review__more")?.querySelector('[data-act="send"]')?.click();
      return;
    }
    if (isWriting(event.target) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "arrowdown" || key === "j") {
      move(1);
    } else if (key === "arrowup" || key === "k") {
      move(-1);
    } else if (ACTS[key]) {
      press(ACTS[key]);
    } else {
      return;
    }
    event.preventDefault();
  });

  queue.addEventListener("focusin", (event) => {
    activate(event.target.closest(".review__item"), { focus: false });
  });

  // Of two open forms with one name a browser closes the newer: the one that leaves gives its name up first.
  document.addEventListener("htmx:beforeSwap", (event) => {
    for (const more of event.detail.target?.querySelectorAll?.(".review__more[name]") ?? []) {
      more.removeAttribute("name");
    }
  });

  // An item that was decided comes back in place; one that was refused keeps its form open.
  document.addEventListener("htmx:afterSettle", (event) => {
    const item = event.target.closest?.(".review__item");
    if (item && queue.contains(item)) {
      activate(item, { focus: event.detail.xhr.status === 409 });
      count(item.closest(".review__image"));
      if (event.detail.xhr.status === 200) {
        goOn(item);
      }
    } else if (event.target.closest?.(".review__image")) {
      goOn(event.target.querySelector(".review__item"));
    }
  });

  activate(queue.querySelector("[data-open]") ?? items()[0], { focus: false });
}
