// Shows the page anew every few seconds without loading it: focus and place stay, and a screen reader hears only what
// has changed of the whole, not every age. It can be paused (WCAG 2.2.2).
(() => {
  const SECONDS = 5;
  const said = document.getElementById("said");
  const pause = document.getElementById("pause");
  let paused = false;

  function show(fresh) {
    const live = document.getElementById("live");
    const key = document.activeElement?.dataset?.key;
    const news = fresh.dataset.summary;
    if (news !== live.dataset.summary) said.textContent = news;
    live.replaceWith(fresh);
    if (key) fresh.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }

  async function refresh() {
    if (paused || document.hidden) return;
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(SECONDS * 1000) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (!fresh) throw new Error(`no dashboard: ${answer.status}`);
      document.getElementById("lost")?.remove();
      if (!paused) show(document.importNode(fresh, true));
    } catch {
      lost();
    }
  }

  function lost() {
    if (document.getElementById("lost")) return;
    const notice = document.createElement("p");
    notice.id = "lost";
    notice.className = "notice bad";
    notice.textContent = said.textContent = "This registry does not answer; what is below is from before.";
    document.getElementById("live").prepend(notice);
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume updates" : "Pause updates";
    if (!paused) refresh();
  });
  setInterval(refresh, SECONDS * 1000);
})();
