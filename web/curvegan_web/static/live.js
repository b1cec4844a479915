// Follows a page by server-sent events; says in the bar at the top how it stands.

let source = null;

export function follow(path, onData) {
  source?.close();
  const sign = document.getElementById("live");
  const say = (word, text) => { sign.className = word; sign.textContent = text; };
  source = new EventSource(path);
  source.onopen = () => say("on", "live");
  source.onerror = () => say("off", source.readyState === 2 ? "not followed" : "looking again …");
  source.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.away) say("off", data.away);
    else { say("on", "live"); onData(data); }
  };
  return source;
}

export function unfollow() {
  source?.close();
  source = null;
  const sign = document.getElementById("live");
  sign.className = "";
  sign.textContent = "";
}
