// Hands one file in piece by piece (tus 1.0, /files/), so that lab Wi-Fi may break: it goes on where it was by itself,
// and also after a reload when the same file is chosen. Without this file the form is a plain one.
"use strict";

const VERSION = { "Tus-Resumable": "1.0.0" };
// After a cut some browsers send a request once more by themselves, from its beginning: a piece bounds what that costs.
const PIECE = 8 * 1024 * 1024;
const LONGEST_PAUSE = 30000;
const SILENCE = 30000; // a connection that moves no byte for so long hangs
const PATIENCE = 120000; // for an answer
const LATER = new Set([0, 408, 409, 423, 429]); // and all from 500 on
const GONE = new Set([404, 410]);

class Refused extends Error {}

const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

const remembered = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private windows keep nothing */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* as above */ } },
};

function send(method, url, headers, body, moved = () => {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let watch = null;
    const within = (time) => { clearTimeout(watch); watch = setTimeout(() => request.abort(), time); };
    request.upload.onprogress = (event) => { within(SILENCE); moved(event.loaded); };
    // All bytes have left: the file is looked into now, which may take its time.
    request.upload.onload = () => { within(PATIENCE); moved(body.size); };
    request.onloadend = () => { clearTimeout(watch); resolve(request); };
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...VERSION, ...headers })) request.setRequestHeader(name, value);
    within(body ? SILENCE : PATIENCE);
    request.send(body);
  });
}

function problem(request) {
  try { return JSON.parse(request.responseText); } catch { return { title: "The file was refused", detail: "" }; }
}

const isLater = (request) => LATER.has(request.status) || request.status >= 500;

class Upload {
  constructor(file, fields, show) {
    this.file = file;
    this.fields = fields;
    this.show = show;
    this.key = ["introeval", fields.assignment, fields.roll_number, fields.name, file.name, file.size, file.lastModified]
      .map(encodeURIComponent).join("/");
    this.url = remembered.get(this.key);
    this.offset = null; // not known: ask
    this.kept = 0;
    this.fails = 0;
  }

  async run() {
    for (;;) {
      const answer = await this.step();
      const submission = answer.getResponseHeader("Introeval-Submission");
      if (submission) { this.forget(); return submission; }
      if (answer.status >= 200 && answer.status < 300) { this.fails = 0; continue; }
      if (!isLater(answer)) this.forget();
      if (!isLater(answer) && !GONE.has(answer.status)) throw new Refused("", { cause: problem(answer) });
      await this.pause(answer);
    }
  }

  async step() {
    if (!this.url) return this.begin();
    if (this.offset === null) {
      const asked = await send("HEAD", this.url, {}, null);
      if (isLater(asked) || asked.getResponseHeader("Introeval-Submission")) return asked;
      if (asked.status !== 200) return GONE.has(asked.status) ? this.anew() : this.refusal();
      this.offset = Number(asked.getResponseHeader("Upload-Offset"));
    }
    const offset = this.kept = this.offset;
    const piece = this.file.slice(offset, offset + PIECE);
    try { await piece.slice(0, 1).arrayBuffer(); } catch {
      throw new Refused("", { cause: { title: "The file cannot be read", detail: "It was moved or changed. Choose it again." } });
    }
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
    this.show.sending(offset, this.file.size);
    const sent = await send("PATCH", this.url, headers, piece, (bytes) => this.show.sending(offset + bytes, this.file.size));
    this.offset = sent.status === 204 ? Number(sent.getResponseHeader("Upload-Offset")) : null;
    return sent;
  }

  // HEAD has no body, so it says that the file was refused, and GET says why: the answer that said so first was lost.
  async refusal() {
    const told = await send("GET", this.url, {}, null);
    if (isLater(told)) return told;
    const cause = told.status === 200 ? problem(told).refusal : null;
    if (!cause) return this.anew();
    this.forget();
    throw new Refused("", { cause });
  }

  anew() {
    this.forget();
    return this.begin();
  }

  async begin() {
    const values = { filename: this.file.name, ...this.fields };
    const metadata = Object.entries(values).map(([name, value]) => `${name} ${base64(value)}`).join(",");
    const made = await send("POST", "/files/", { "Upload-Length": String(this.file.size), "Upload-Metadata": metadata }, null);
    if (made.status === 201) {
      // Its path only: a proxy may have another name for this server than this page has.
      this.url = new URL(made.getResponseHeader("Location"), window.location.href).pathname;
      remembered.set(this.key, this.url);
      this.offset = Number(made.getResponseHeader("Upload-Offset"));
    }
    return made;
  }

  forget() {
    this.url = this.offset = null;
    remembered.drop(this.key);
  }

  async pause(answer) {
    // A proxy may send a date, which is no number: then the backoff alone counts.
    const asked = Number(answer.status ? answer.getResponseHeader("Retry-After") : 0) * 1000 || 0;
    const backoff = Math.min(LONGEST_PAUSE, 1000 * 2 ** this.fails) * (0.75 + Math.random() / 2);
    this.fails += 1;
    // 409: a browser may have sent the request again by itself, after a cut that this script was not told of.
    const cut = answer.status === 0 || answer.status === 409;
    this.show.waiting(cut ? "The connection was lost" : problem(answer).title, Math.max(asked, backoff), this.kept, this.file.size);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(asked, backoff));
      window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }
}

function display(form) {
  const bar = form.querySelector("progress");
  const [count, state] = [form.querySelector("[data-count]"), form.querySelector("[data-state]")];
  const say = (text) => { if (state.textContent !== text) state.textContent = text; };
  const part = form.querySelector("[data-progress]");
  const move = (done, size) => {
    if (part.hidden) requestAnimationFrame(() => part.scrollIntoView({ block: "nearest" }));
    part.hidden = false;
    bar.max = size;
    bar.value = done;
    count.textContent = `${megabytes(done)} of ${megabytes(size)} MB`;
  };
  return {
    sending(done, size) {
      move(done, size);
      say(done < size ? "Sending. If the connection breaks, it goes on by itself." : "All is sent. It is being looked into.");
    },
    waiting(why, pause, kept, size) {
      move(kept, size);
      say(`${why}. Going on in ${Math.ceil(pause / 1000)} s; what has arrived is kept.`);
    },
    refused(cause) {
      part.hidden = true;
      form.querySelector("[data-sending]").hidden = true;
      form.querySelector("button").disabled = false;
      const notice = document.querySelector("[data-problem]");
      const title = document.createElement("strong");
      title.textContent = `${cause.title}.`;
      notice.replaceChildren(title, ` ${cause.detail}`);
      notice.hidden = false;
      notice.scrollIntoView({ block: "nearest" });
    },
  };
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", async (event) => {
    const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    const files = form.elements.file.files;
    if (files.length !== 1) return; // several pages go together, as the plain form sends them
    event.preventDefault();
    document.querySelector("[data-problem]").hidden = true;
    const stay = (leaving) => leaving.preventDefault();
    window.addEventListener("beforeunload", stay);
    const show = display(form);
    try {
      const submission = await new Upload(files[0], fields, show).run();
      window.removeEventListener("beforeunload", stay);
      window.location.assign(`/s/${submission}`);
    } catch (error) {
      window.removeEventListener("beforeunload", stay);
      if (!(error instanceof Refused)) throw error;
      show.refused(error.cause);
    }
  });
}
