// The word-level difference of two texts, in reading order: runs of words that are kept, removed or added.
export function wordDifference(before, after) {
  const old = before.split(/\s+/).filter(Boolean);
  const fresh = after.split(/\s+/).filter(Boolean);
  const common = longestCommon(old, fresh);
  const runs = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      push(runs, "same", old[i]);
      i += 1;
      j += 1;
    } else if (i < old.length && (j === fresh.length || common[i + 1][j] >= common[i][j + 1])) {
      push(runs, "removed", old[i]);
      i += 1;
    } else {
      push(runs, "added", fresh[j]);
      j += 1;
    }
  }
  return runs;
}

function longestCommon(old, fresh) {
  const common = Array.from({ length: old.length + 1 }, () => new Array(fresh.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      common[i][j] =
        old[i] === fresh[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  return common;
}

function push(runs, kind, word) {
  const last = runs.at(-1);
  if (last?.kind === kind) {
    last.words += ` ${word}`;
  } else {
    runs.push({ kind, words: word });
  }
}

const ELEMENTS = { removed: "del", added: "ins" };

export function paintDifference(place, before, after) {
  place.replaceChildren();
  for (const { kind, words } of wordDifference(before, after)) {
    if (kind === "same") {
      place.append(words);
    } else {
      const run = document.createElement(ELEMENTS[kind]);
      run.textContent = words;
      place.append(run);
    }
    place.append(" ");
  }
}
