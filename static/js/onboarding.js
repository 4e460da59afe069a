// Onboarding by keyboard: the key of a label gives it. Single keys can be switched off in the workspace.
import { areSingleKeysOn } from "./workspace/keys.js";

document.addEventListener("keydown", (event) => {
  if (event.target.closest("textarea, input, select") || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const button = document.querySelector(`.judge [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button && !event.repeat && areSingleKeysOn()) {
    event.preventDefault();
    button.click();
  }
});
