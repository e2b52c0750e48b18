// Steps from difference to difference (n, p) and finds text in the traces (/, Enter).
(() => {
  const status = document.querySelector("#where"), find = document.querySelector("#find");
  let at = -1, words = "", rows = [];
  const visible = r => !document.querySelector("#only").checked || !r.classList.contains("same");
  // The first row of each run of differences.
  const differences = [...document.querySelectorAll(".row.other")]
    .filter(r => !r.previousElementSibling?.classList.contains("other"));
  const go = (list, step, what) => {
    if (!list.length) { status.textContent = "no " + what; return; }
    at = (at + step + list.length) % list.length;
    document.querySelector(".row.here")?.classList.remove("here");
    const row = list[at];
    row.closest("details")?.setAttribute("open", "");
    row.classList.add("here");
    row.scrollIntoView({ block: "center" });
    status.textContent = `${what} ${at + 1} of ${list.length}`;
  };
  const step = by => {
    if (rows !== differences) { rows = differences; at = by > 0 ? -1 : 0; }
    go(differences, by, "difference");
  };
  const search = by => {
    const wanted = find.value.toLowerCase();
    if (!wanted) return;
    if (wanted !== words || rows === differences) {
      words = wanted;
      rows = [...document.querySelectorAll(".row:not(.head)")]
        .filter(r => visible(r) && r.textContent.toLowerCase().includes(wanted));
      at = by > 0 ? -1 : 0;
    }
    go(rows, by, "match");
  };
  document.querySelector("#next").onclick = () => step(1);
  document.querySelector("#back").onclick = () => step(-1);
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target === find) {
      if (e.key === "Enter") { e.preventDefault(); search(e.shiftKey ? -1 : 1); }
      if (e.key === "Escape") find.blur();
      return;
    }
    if (e.key === "n") step(1);
    if (e.key === "p") step(-1);
    if (e.key === "/") { e.preventDefault(); find.focus(); }
  });
})();
