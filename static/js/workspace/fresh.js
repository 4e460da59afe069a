// A desk for an image that is claimed already: the page's own blank desk, with what the server sent put in.
const ID = /^[0-9a-f-]{36}$/;
const MOST_PREVIOUS = 12;

// Ids are put in as text of the markup, so nothing else may come; words are put in as words.
function checked(id) {
  if (!ID.test(id)) {
    throw new TypeError(`not an id: ${id}`);
  }
  return id;
}

function filled(markup, ids) {
  const { assignment, image, version } = document.getElementById("blank-desk").dataset;
  return Object.entries({ [assignment]: ids.assignment, [image]: ids.image, [version]: ids.version })
    .filter(([, id]) => id)
    .reduce((text, [blank, id]) => text.replaceAll(blank, checked(id)), markup);
}

function element(markup) {
  const holder = document.createElement("template");
  holder.innerHTML = markup;
  return holder.content.firstElementChild;
}

export function freshDesk({ assignment, image, captions }) {
  const root = element(filled(document.getElementById("blank-desk").innerHTML.trim(), { assignment, image: image.id }));
  const picture = root.querySelector(".stage img");
  picture.width = image.width;
  picture.height = image.height;
  const list = root.querySelector(".captions");
  const [pattern] = list.children;
  list.replaceChildren(...captions.map((caption, at) => laid(pattern.outerHTML, caption, at)));
  list.firstElementChild?.setAttribute("aria-current", "true");
  return root;
}

function laid(pattern, { version, text }, at) {
  const caption = element(filled(pattern, { version }));
  caption.dataset.text = text;
  caption.querySelector('[data-part="text"]').textContent = text;
  const number = caption.querySelector('[data-part="number"]');
  number.textContent = number.dataset.words.replace("%n", String(at + 1));
  return caption;
}

export function pictureOf({ image }) {
  const blank = document.getElementById("blank-desk");
  const address = blank.content.querySelector(".stage img").getAttribute("src");
  return filled(address, { image: image.id });
}

// The line above the image stays: one image further, and a way back to the one just left.
export function movedOn(bar, left) {
  const place = bar.querySelector('[data-part="place"]');
  const number = Number(place.dataset.number) + 1;
  place.dataset.number = String(number);
  place.textContent = place.dataset.words
    .replace("%n", number.toLocaleString(document.documentElement.lang))
    .replace("%t", Number(place.dataset.total).toLocaleString(document.documentElement.lang));
  const progress = bar.querySelector("progress");
  progress.value = Math.min(progress.value + 1, progress.max);
  const menu = bar.querySelector('[data-part="previous"]');
  menu.hidden = false;
  menu.open = false;
  const ways = menu.querySelector("nav");
  const image = left.querySelector(".stage img").getAttribute("src").match(/[0-9a-f-]{36}/)[0];
  const markup = document.getElementById("blank-previous").innerHTML.trim();
  ways.prepend(element(filled(markup, { assignment: left.dataset.assignment, image })));
  [...ways.children].slice(MOST_PREVIOUS).forEach((way) => way.remove());
  return bar;
}
