// On pages beside the workspace: send what a closed tab left behind.
import { Outbox } from "./outbox.js";

const annotator = document.querySelector("[data-annotator]")?.dataset.annotator;
if (annotator) {
  new Outbox(annotator).flush();
}
