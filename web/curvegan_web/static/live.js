// Follows a page by server-sent events; says in the bar at the top how it stands.

let source = null, followed = null;
const say = (word, text) => { const sign = document.getElementById("live"); sign.className = word; sign.textContent = text; };

export function follow(path, onData) {
  followed = { path, onData };
  look();
}

// A browser has few connections to one place: a tab that nobody sees holds none, and looks again when it is shown.
function look() {
  source?.close();
  source = null;
  if (!followed || document.hidden) return;
  const { path, onData } = followed;
  source = new EventSource(path);
  source.onopen = () => say("on", "live");
  source.onerror = () => say("off", source.readyState === 2 ? "not followed" : "looking again …");
  source.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.away) say("off", data.away);
    else { say("on", "live"); onData(data); }
  };
}

export function unfollow() {
  followed = null;
  look();
  say("", "");
}

document.addEventListener("visibilitychange", look);
