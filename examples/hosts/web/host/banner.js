// A message on the phone's screen: from above, one at a time, until it is tapped, put away or overtaken by the next.

import { element } from "./phone.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);

/** Shows the message; `done("opened")` or `done("dismissed")` hears what the person did with it. */
export function showBanner(message, done) {
  const end = (event) => {
    $("banner").replaceChildren();
    $("banner").hidden = true;
    done(event);
  };
  const text = element("button", "text", element("strong", "", String(message.title)), element("span", "", String(message.body)));
  const away = element("button", "away", "×");
  away.setAttribute("aria-label", words().dismiss);
  for (const button of [text, away]) button.type = "button";
  text.addEventListener("click", () => end("opened"));
  away.addEventListener("click", () => end("dismissed"));
  $("banner").dataset.id = message.id;
  $("banner").replaceChildren(text, away);
  $("banner").hidden = false;
}
