// Keeps a page fresh and lets quotes play their moment. The page is complete without this file.
// On an event the page is asked for again and its parts (data-part) that changed are put in place of the old ones.
"use strict";

const main = document.querySelector("main");
const connection = document.getElementById("connection");

function localTimes(root) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const today = at.toDateString() === now.toDateString();
    element.textContent = today
      ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
      : at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    element.title = at.toLocaleString([], { dateStyle: "full", timeStyle: "long" });
  }
}

function replaceParts(fresh) {
  for (const next of fresh.querySelectorAll("[data-part]")) {
    const old = document.getElementById(next.id);
    localTimes(next);
    // Whoever reads or selects in a part that did not change is not disturbed.
    if (!old || old.innerHTML === next.innerHTML) continue;
    const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const scrolled = old.querySelector(".scroll")?.scrollLeft ?? 0;
    old.replaceWith(document.adoptNode(next));
    if (next.querySelector(".scroll")) next.querySelector(".scroll").scrollLeft = scrolled;
    if (focus) next.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.ok) replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function live(url, pause) {
  let timer = null;
  let busy = false;
  const soon = () => { timer ??= setTimeout(run, pause); };
  const run = async () => {
    timer = null;
    // What is not looked at is brought up to date when it is looked at again.
    if (document.hidden) return;
    if (busy) { soon(); return; }
    busy = true;
    try { await refresh(); } catch { /* the next event tries again */ } finally { busy = false; }
  };
  const source = new EventSource(url);
  source.onmessage = soon;
  source.onopen = () => { connection.textContent = "Live: this page updates by itself."; soon(); };
  source.onerror = () => { connection.textContent = "The connection is lost; trying again."; };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  // Progress and servers change without an event of their own.
  setInterval(() => { if (!document.hidden) soon(); }, 10 * Math.max(pause, 1000));
}

function seek(event) {
  const link = event.target.closest("[data-seek]");
  const video = document.getElementById("video");
  if (!link || !video) return;
  event.preventDefault();
  video.currentTime = Number(link.dataset.seek);
  video.play().catch(() => { /* the browser wants a click on the video itself */ });
  history.replaceState(null, "", `#t=${link.dataset.seek}`);
}

function seekToAddress() {
  const match = /^#t=([\d.]+)$/.exec(window.location.hash);
  const video = document.getElementById("video");
  if (match && video) video.currentTime = Number(match[1]);
}

localTimes(document);
document.addEventListener("click", seek);
seekToAddress();
if (main.dataset.live) live(main.dataset.live, Number(main.dataset.pause));
for (const form of document.querySelectorAll("[data-upload]")) {
  form.addEventListener("submit", () => {
    form.querySelector("button").disabled = true;
    form.querySelector("[data-sending]").hidden = false;
  });
}
